//! Why PostgreSQL cannot be used, with the remedy.

use store::StoreError;

use crate::failure::Failure;

pub(super) fn unreachable(failure: &Failure) -> StoreError {
    let state = match failure {
        Failure::Register(error) => error.code(),
        _ => None,
    };
    let reason = postgres::reason(failure);
    let remedy = postgres::remedy(state, &reason).to_owned();
    StoreError::Unusable { detail: format!("cannot use PostgreSQL: {reason}"), remedy }
}

pub(super) fn unusable(failure: &Failure) -> StoreError {
    StoreError::Unusable {
        detail: format!("cannot make the tables in PostgreSQL: {}", postgres::reason(failure)),
        remedy: "name in --settings a database of its own, in whose schema the user may create tables"
            .to_owned(),
    }
}
