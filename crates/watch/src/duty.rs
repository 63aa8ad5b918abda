//! Whose turn it is to watch: always this process's where it is alone, and that of one of several otherwise.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Waits for the next turn of this process. None when it is to end.
pub(crate) async fn next(
    duty: &mut watch::Receiver<Option<u64>>,
    shutdown: &CancellationToken,
) -> Option<u64> {
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        // An error says that the alerts are gone, and with them the server.
        turn = duty.wait_for(Option::is_some) => turn.ok().and_then(|turn| *turn),
    }
}
