//! What can be asked: clients, those that are borrowed, and transactions.

use tokio_postgres::{Client, GenericClient, Transaction};

pub(crate) mod private {
    /// Only what is here.
    pub trait Sealed {}
}

use private::Sealed;

/// A client, a reference to one, or a transaction.
pub trait Session: Sealed + Send + Sync {
    /// What the driver has for it.
    type Client: GenericClient + Send + Sync;

    /// Itself, as the driver has it.
    fn session(&self) -> &Self::Client;
}

/// What a transaction can begin on.
pub trait SessionMut: Session {
    /// What is asked of the server then.
    const BEGIN: &'static str;

    /// Itself, as the driver has it.
    fn session_mut(&mut self) -> &mut Self::Client;
}

impl Sealed for Client {}
impl Sealed for &Client {}
impl Sealed for &mut Client {}
impl Sealed for Transaction<'_> {}

impl Session for Client {
    type Client = Self;

    fn session(&self) -> &Self {
        self
    }
}

impl SessionMut for Client {
    const BEGIN: &'static str = "BEGIN";

    fn session_mut(&mut self) -> &mut Self {
        self
    }
}

impl Session for &Client {
    type Client = Client;

    fn session(&self) -> &Client {
        self
    }
}

impl Session for &mut Client {
    type Client = Client;

    fn session(&self) -> &Client {
        self
    }
}

impl SessionMut for &mut Client {
    const BEGIN: &'static str = "BEGIN";

    fn session_mut(&mut self) -> &mut Client {
        self
    }
}

impl Session for Transaction<'_> {
    type Client = Self;

    fn session(&self) -> &Self {
        self
    }
}

impl SessionMut for Transaction<'_> {
    const BEGIN: &'static str = "SAVEPOINT";

    fn session_mut(&mut self) -> &mut Self {
        self
    }
}
