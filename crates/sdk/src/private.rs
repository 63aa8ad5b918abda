//! What the macro `trace` writes into functions of others.

use std::error::Error;

use crate::entity::Entity;

/// An error of whichever type; which trait's method is taken is decided by it.
#[derive(Debug)]
pub struct Recorded<'a, E>(pub &'a E);

/// Of errors that are errors.
pub trait RecordError {
    /// Records it.
    fn record(&self, entity: &Entity);
}

impl<E: Error + 'static> RecordError for Recorded<'_, E> {
    fn record(&self, entity: &Entity) {
        entity.error(self.0);
    }
}

/// Of boxed ones, which are none.
pub trait RecordBoxed {
    /// Records it.
    fn record(&self, entity: &Entity);
}

impl RecordBoxed for Recorded<'_, Box<dyn Error>> {
    fn record(&self, entity: &Entity) {
        entity.error_dyn(&**self.0);
    }
}

impl RecordBoxed for Recorded<'_, Box<dyn Error + Send + Sync>> {
    fn record(&self, entity: &Entity) {
        entity.error_dyn(&**self.0);
    }
}
