//! What a program that serves does at its beginning and end.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Listens, and says so on the standard output as `name`; with what is done when the program is told
/// to stop.
///
/// # Errors
///
/// The address cannot be had, or the signals cannot be heard.
pub async fn listen(
    name: &str,
    addr: SocketAddr,
) -> Result<(TcpListener, impl Future<Output = ()> + use<>), Box<dyn Error>> {
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    let stop = stopped()?;
    // Whoever started the program waits for this line; it names the port that was taken.
    let line = format!("{name} listening on http://{}/\n", listener.local_addr()?);
    let mut stdout = std::io::stdout();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()?;
    Ok((listener, stop))
}

/// Done at ctrl-c, and where there is such a signal at the request to terminate.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
