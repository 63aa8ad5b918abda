//! Account settings that have one honest answer here: nothing is encrypted with KMS, and segments stay in X-Ray.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use crate::app::Shared;
use crate::error::XRayError;

/// An operation that takes nothing; the body has to be an object all the same, or empty.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Read for Nothing {
    fn read(_: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self)
    }
}

pub(crate) async fn get_encryption_config(State(_): State<Shared>, _: Input<Nothing>) -> Json<Value> {
    Json(json!({ "EncryptionConfig": { "KeyId": null, "Status": "ACTIVE", "Type": "NONE" } }))
}

pub(crate) async fn get_trace_segment_destination(State(_): State<Shared>, _: Input<Nothing>) -> Json<Value> {
    Json(json!({ "Destination": "XRay", "Status": "ACTIVE", "CompositeConfiguration": null }))
}
