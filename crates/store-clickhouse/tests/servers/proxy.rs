//! A proxy that makes bad weather between Fluoro and a server.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// What is asked arrives and is done; connections end in place of the answer.
    AnswersLost,
    /// Connections end once something is asked.
    RequestsLost,
    /// Connections are closed at once, those that are open too.
    Away,
}

pub(crate) struct Proxy {
    address: String,
    weather: watch::Sender<Weather>,
    /// Connections that did not go well in the weather that is.
    disturbed: Arc<watch::Sender<u32>>,
}

impl Proxy {
    pub(crate) async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let (weather, seen) = watch::channel(Weather::Fair);
        let disturbed = Arc::new(watch::Sender::new(0));
        let (server, count) = (server.to_owned(), Arc::clone(&disturbed));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, weather, count) = (server.clone(), seen.clone(), Arc::clone(&count));
                tokio::spawn(async move {
                    if !carry(client, &server, weather).await {
                        count.send_modify(|count| *count += 1);
                    }
                });
            }
        });
        Self { address, weather, disturbed }
    }

    pub(crate) fn address(&self) -> String {
        self.address.clone()
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
        self.disturbed.send_replace(0);
    }

    /// Waits until so many connections did not go well.
    pub(crate) async fn disturbed(&self, times: u32) {
        let mut disturbed = self.disturbed.subscribe();
        let waited = disturbed.wait_for(|count| *count >= times);
        let waited = tokio::time::timeout(Duration::from_secs(60), waited).await;
        waited.expect("it is tried again").expect("the proxy is there");
    }
}

/// False where the weather ended it.
async fn carry(mut client: TcpStream, server: &str, weather: watch::Receiver<Weather>) -> bool {
    if *weather.borrow() == Weather::Away {
        return false;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return true };
    let mut turns = weather.clone();
    let (mut asked, mut answered) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        tokio::select! {
            () = away(&mut turns) => return false,
            read = client.read(&mut asked) => match read {
                Ok(0) | Err(_) => return true,
                Ok(read) => {
                    if *weather.borrow() == Weather::RequestsLost {
                        return false;
                    }
                    if server.write_all(&asked[..read]).await.is_err() {
                        return true;
                    }
                }
            },
            read = server.read(&mut answered) => match read {
                Ok(0) | Err(_) => return true,
                Ok(read) => {
                    if *weather.borrow() == Weather::AnswersLost {
                        return false;
                    }
                    if client.write_all(&answered[..read]).await.is_err() {
                        return true;
                    }
                }
            },
        }
    }
}

async fn away(weather: &mut watch::Receiver<Weather>) {
    // An error says that the test is over.
    let _ = weather.wait_for(|weather| *weather == Weather::Away).await;
}
