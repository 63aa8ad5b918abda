//! One mail over SMTP, to an address of the server's that was looked at.

use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as SmtpTls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Answer, Fate, LIMIT, SendError, Sender, shown, unreached};
use crate::address;
use crate::notifier::{Email, NotifierError, Tls};

impl Sender {
    pub async fn mail(&self, server: &Email, mail: lettre::Message) -> Answer {
        let started = tokio::time::Instant::now();
        let sent = tokio::time::timeout(LIMIT, self.submit(server, mail)).await;
        let took = started.elapsed();
        let answer = sent.unwrap_or(Err(SendError::TooSlow));
        answer.map_or_else(|error| unreached(&error, took), |answer| Answer { took, ..answer })
    }

    async fn submit(&self, server: &Email, mail: lettre::Message) -> Result<Answer, SendError> {
        let port = server.port.unwrap_or(match server.tls {
            Tls::Starttls => 587,
            Tls::Tls => 465,
            Tls::None => 25,
        });
        let addresses = self.checked(&server.host, port).await?;
        // `checked` gives one at least.
        let Some(address) = addresses.first().map(|address| address.ip()) else {
            return Err(SendError::TooSlow);
        };
        let tls = match server.tls {
            Tls::None if !address.is_loopback() => {
                let text = "tls: mail goes in the open to this machine alone; use starttls or tls";
                return Err(SendError::Wrong(text.to_owned()));
            }
            Tls::None => SmtpTls::None,
            Tls::Starttls => SmtpTls::Required(parameters(&server.host)?),
            Tls::Tls => SmtpTls::Wrapper(parameters(&server.host)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
            .port(port)
            .tls(tls)
            .timeout(Some(LIMIT));
        if let (Some(username), Some(password)) = (&server.username, &server.password) {
            let password = password.reveal().map_err(|NotifierError(text)| SendError::Unreached(text))?;
            transport = transport.credentials(Credentials::new(username.clone(), password));
        }
        let is_private = address::is_private(address);
        Ok(match transport.build().send(mail).await {
            Ok(response) => {
                let text = shown(response.message().collect::<Vec<_>>().join(" ").as_bytes());
                let status = Some(u16::from(response.code()));
                Answer { fate: Fate::Delivered, status, text, took: Duration::ZERO, is_private }
            }
            Err(error) => {
                let fate =
                    if error.is_permanent() { Fate::Refused } else { Fate::Failed { retry_after: None } };
                let status = error.status().map(u16::from);
                Answer {
                    fate,
                    status,
                    text: shown(chain(&error).as_bytes()),
                    took: Duration::ZERO,
                    is_private,
                }
            }
        })
    }
}

fn parameters(host: &str) -> Result<TlsParameters, SendError> {
    let parameters = TlsParameters::builder(host.to_owned()).build_rustls();
    parameters.map_err(|error| SendError::Unreached(format!("TLS cannot be set up: {error}")))
}

fn chain(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if !text.contains(&cause.to_string()) {
            text = format!("{text}: {cause}");
        }
        source = cause.source();
    }
    text
}
