//! Settings of one place in another, when a service moves.

use std::sync::Arc;

use crate::error::SettingsError;
use crate::notifier::place;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

impl Settings {
    /// Takes all that was set up elsewhere, where nothing is set up here yet. Secrets are sealed anew, each time it is made.
    pub fn take_over(&self, from: &Self) -> Result<Arc<Snapshot>, SettingsError> {
        let theirs = from.snapshot();
        let seal = self.seal()?;
        let mut taken = Snapshot::clone(&theirs);
        for record in taken.notifiers.values_mut() {
            for (member, secret) in from.secrets(record)? {
                let sealed = seal.seal(&place(&record.name, &member), &secret)?;
                record.sealed.insert(member, sealed);
            }
        }
        self.change(|snapshot| {
            if *snapshot != Snapshot::initial(self.account()) {
                return Err(SettingsError::refused(
                    "something is set up there already, and would be lost: take settings over before anything else is set up, or into a \
                     database that is new",
                ));
            }
            *snapshot = taken;
            Ok(())
        })?;
        Ok(theirs)
    }
}
