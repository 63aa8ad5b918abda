//! How long the proxy takes for what SDKs ask: from the request to the first byte of the answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::backend::Backend;
use crate::process::Agent;

const REQUESTS: usize = 500;
const REQUEST: &[u8] =
    b"POST /GetSamplingRules HTTP/1.1\r\nHost: agent\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// Median and 99th percentile, in milliseconds.
pub(crate) fn measure(binary: &Path) -> anyhow::Result<(f64, f64)> {
    let backend = Backend::start(Duration::ZERO)?;
    let agent = Agent::start(binary, backend.address)?;
    let times = ask(agent.tcp)?;
    agent.stop()?;
    Ok((times[REQUESTS / 2], times[REQUESTS * 99 / 100]))
}

fn ask(address: SocketAddr) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).context("connect to the proxy")?;
    stream.set_nodelay(true).context("set TCP_NODELAY")?;
    let mut answer = vec![0; 4_096];
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        stream.write_all(REQUEST).context("ask the proxy")?;
        let mut length = stream.read(&mut answer).context("read the answer")?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
        ensure!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
        while !answer[..length].ends_with(b"[]}") {
            let more = stream.read(&mut answer[length..]).context("read the answer")?;
            ensure!(more > 0, "the answer was cut");
            length += more;
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}
