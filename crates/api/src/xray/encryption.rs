//! The encryption configuration, as it is: with a key file traces are encrypted on disk, without one nothing is.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use store::Encryption;

use super::input::{Input, Members, Nothing, Read};
use crate::app::Shared;
use crate::error::XRayError;

#[derive(Debug, Clone, Copy)]
enum EncryptionType {
    None,
    Kms,
}

#[derive(Debug)]
pub(crate) struct PutEncryptionConfig {
    encryption_type: EncryptionType,
    key_id: Option<String>,
}

impl Read for PutEncryptionConfig {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let words = [("NONE", EncryptionType::None), ("KMS", EncryptionType::Kms)];
        let encryption_type = members.word("Type", &words)?;
        members.require("Type");
        Ok(Self {
            encryption_type: encryption_type.unwrap_or(EncryptionType::None),
            key_id: members.short_text("KeyId", 1, 3000)?,
        })
    }
}

pub(crate) async fn get_encryption_config(
    State(app): State<Shared>,
    _: Input<Nothing>,
) -> Result<Json<Value>, XRayError> {
    let holdings = app.deps.store.holdings().await?;
    Ok(Json(config(holdings.encryption.as_ref())))
}

/// Takes what is the case already. What cannot be done here is refused rather than kept and not done.
pub(crate) async fn put_encryption_config(
    State(app): State<Shared>,
    Input(input): Input<PutEncryptionConfig>,
) -> Result<Json<Value>, XRayError> {
    let encryption = app.deps.store.holdings().await?.encryption;
    check(&input, encryption.as_ref())?;
    Ok(Json(config(encryption.as_ref())))
}

fn check(input: &PutEncryptionConfig, encryption: Option<&Encryption>) -> Result<(), XRayError> {
    let refuse = |why: &'static str| Err(XRayError::invalid(why));
    match (input.encryption_type, encryption) {
        (EncryptionType::None, _) if input.key_id.is_some() => {
            refuse("KeyId must be omitted when the type is NONE")
        }
        (EncryptionType::None, None) => Ok(()),
        (EncryptionType::None, Some(_)) => refuse(
            "the server was started with a key file, and encrypts what it stores; start it without --encryption-key to \
             write in the open",
        ),
        (EncryptionType::Kms, None) => refuse(
            "Fluoro has no access to KMS and was started without a key file; start it with --encryption-key to encrypt what it stores",
        ),
        (EncryptionType::Kms, Some(_)) if input.key_id.is_none() => {
            refuse("KeyId is required when the type is KMS")
        }
        (EncryptionType::Kms, Some(encryption)) if input.key_id.as_ref() != Some(&encryption.key) => refuse(
            "KeyId is not that of the first key in the server's key file; put the new key first in it and start the server again",
        ),
        (EncryptionType::Kms, Some(_)) => Ok(()),
    }
}

/// While something from before is in the open, as after a key file was first given, the change is still being made.
fn config(encryption: Option<&Encryption>) -> Value {
    let config = match encryption {
        None => json!({ "KeyId": null, "Status": "ACTIVE", "Type": "NONE" }),
        Some(Encryption { key, is_complete }) => {
            let status = if *is_complete { "ACTIVE" } else { "UPDATING" };
            json!({ "KeyId": key, "Status": status, "Type": "KMS" })
        }
    };
    json!({ "EncryptionConfig": config })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn check_put(encryption_type: EncryptionType, key_id: Option<&str>, is_encrypted: bool, is_taken: bool) {
        let input = PutEncryptionConfig { encryption_type, key_id: key_id.map(str::to_owned) };
        let encryption = is_encrypted.then(|| Encryption { key: KEY.to_owned(), is_complete: true });
        assert_eq!(check(&input, encryption.as_ref()).is_ok(), is_taken, "{input:?} {encryption:?}");
    }

    #[test]
    fn only_what_is_the_case_is_taken() {
        check_put(EncryptionType::None, None, false, true);
        check_put(EncryptionType::None, Some(KEY), false, false);
        check_put(EncryptionType::None, None, true, false);
        check_put(EncryptionType::Kms, Some(KEY), false, false);
        check_put(EncryptionType::Kms, Some(KEY), true, true);
        check_put(EncryptionType::Kms, Some("alias/other"), true, false);
        check_put(EncryptionType::Kms, None, true, false);
    }

    #[test]
    fn what_is_in_the_open_is_told() {
        let status = |is_complete| {
            let encryption = Encryption { key: KEY.to_owned(), is_complete };
            config(Some(&encryption))["EncryptionConfig"]["Status"].clone()
        };
        assert_eq!([status(true), status(false)], ["ACTIVE", "UPDATING"]);
    }
}
