//! The encryption configuration, which has one honest answer: Fluoro encrypts nothing it stores.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

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

pub(crate) async fn get_encryption_config(State(_): State<Shared>, _: Input<Nothing>) -> Json<Value> {
    Json(config())
}

/// Takes what is the case already. A key is refused rather than kept and not used.
pub(crate) async fn put_encryption_config(
    State(_): State<Shared>,
    Input(input): Input<PutEncryptionConfig>,
) -> Result<Json<Value>, XRayError> {
    match input.encryption_type {
        EncryptionType::Kms => Err(XRayError::invalid(
            "Fluoro has no access to KMS and does not encrypt what it stores; use an encrypted file system for its \
             data directory and the type NONE",
        )),
        EncryptionType::None if input.key_id.is_some() => {
            Err(XRayError::invalid("KeyId must be omitted when the type is NONE"))
        }
        EncryptionType::None => Ok(Json(config())),
    }
}

fn config() -> Value {
    json!({ "EncryptionConfig": { "KeyId": null, "Status": "ACTIVE", "Type": "NONE" } })
}
