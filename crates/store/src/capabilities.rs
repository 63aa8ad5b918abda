//! What engines can do and others cannot.

/// What an engine can do beside keeping and answering, which all can. The zero value is the least: an engine says what it
/// can do, and whoever needs it looks first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// What was acknowledged outlives the process.
    pub is_durable: bool,
    /// Several processes may have the store open, each with some of the shares.
    pub is_shared: bool,
    /// Encrypts what it keeps with a key that it is given. Else that is for whoever runs it.
    pub encrypts: bool,
    pub retention: Retention,
    /// What `fluoro store` can do with it while no server runs.
    pub offline: Offline,
}

/// How exactly an engine drops what is old.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retention {
    /// It keeps everything.
    #[default]
    Never,
    /// Whole days, once the newest of the day is old enough.
    ByDay,
    /// Soon after it is old enough.
    ByAge,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Offline {
    pub check: bool,
    pub export: bool,
    pub import: bool,
}
