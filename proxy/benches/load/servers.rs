//! The programs that are measured, and what they take.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::from_env;
use crate::upstream::Upstream;

/// Something that answers model requests.
pub(crate) trait Server {
    fn addr(&self) -> SocketAddr;

    /// Memory of all its processes that is in use.
    fn rss_kib(&self) -> Result<u64>;
}

pub(crate) const TOKEN: &str = "of-the-bench-0123456789";

const KEY: &str = "sk-of-the-bench-0123456789";

/// The release of the proxy, with everything on that a public one would have.
pub(crate) struct Proxy {
    process: Stopped,
    addr: SocketAddr,
}

impl Proxy {
    pub(crate) fn start(upstream: &impl Server) -> Result<Self> {
        let log = from_env("HOLDPOINT_BENCH_WORK")?.join("proxy.log");
        let mut command = Command::new(from_env("HOLDPOINT_PROXY")?);
        command.env_clear().env("HOLDPOINT_ADDR", "127.0.0.1:0");
        command.env("HOLDPOINT_UPSTREAM", format!("http://{}/v1", upstream.addr()));
        command.env("HOLDPOINT_UPSTREAM_KEY", KEY).env("HOLDPOINT_MODELS", "gpt-5");
        command.env("HOLDPOINT_TOKENS", format!("bench={TOKEN}"));
        // Kept, and out of reach.
        for name in ["RATE", "ADDRESS_RATE", "STREAMS", "ADDRESS_STREAMS", "TOKENS_PER_DAY"] {
            command.env(format!("HOLDPOINT_{name}"), "4000000000");
        }
        let mut process = command.stdout(Stdio::piped()).stderr(fs::File::create(log)?).spawn()?;
        let stdout = process.stdout.take().context("the proxy has no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let addr = line.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        Ok(Proxy {
            addr: addr.parse().context("the proxy did not start")?,
            process: process.into(),
        })
    }
}

impl Server for Proxy {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    fn rss_kib(&self) -> Result<u64> {
        rss_kib(self.process.0.id())
    }
}

/// nginx at the same job: one upstream, its key added, nothing buffered, a line for each request.
pub(crate) struct Nginx {
    process: Stopped,
    addr: SocketAddr,
}

impl Nginx {
    pub(crate) fn start(upstream: &Upstream) -> Result<Self> {
        let work = from_env("HOLDPOINT_BENCH_WORK")?.join("nginx");
        fs::create_dir_all(&work)?;
        // Another program might take the port in between, and nginx would say so.
        let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = work.join("nginx.conf");
        let work_path = work.display();
        let text = format!(
            "daemon off; worker_processes auto; worker_rlimit_nofile 20000;\n\
             pid {work_path}/nginx.pid; error_log {work_path}/error.log;\n\
             events {{ worker_connections 20000; }}\n\
             http {{\n\
               access_log {work_path}/access.log;\n\
               client_body_temp_path {work_path}/body; proxy_temp_path {work_path}/proxy;\n\
               fastcgi_temp_path {work_path}/f; uwsgi_temp_path {work_path}/u;\n\
               scgi_temp_path {work_path}/s; keepalive_requests 100000000; tcp_nodelay on;\n\
               upstream provider {{ server {}; keepalive 256; keepalive_requests 100000000; }}\n\
               server {{\n\
                 listen {addr} backlog=4096;\n\
                 location /v1/ {{\n\
                   proxy_pass http://provider; proxy_http_version 1.1;\n\
                   proxy_set_header Connection \"\"; proxy_set_header Host provider;\n\
                   proxy_set_header Authorization \"Bearer {KEY}\";\n\
                   proxy_buffering off; proxy_read_timeout 300s;\n\
                 }}\n\
               }}\n\
             }}\n",
            upstream.addr()
        );
        fs::write(&config, text)?;
        let mut command = Command::new(from_env("HOLDPOINT_NGINX")?);
        command.arg("-p").arg(&work).arg("-c").arg(&config);
        let process = Stopped(command.spawn().context("nginx cannot be started")?);
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(addr).is_err() {
            if Instant::now() > until {
                bail!("nginx did not start; see {}", work.join("error.log").display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Nginx { process, addr })
    }
}

impl Server for Nginx {
    fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Of the workers, which hold the streams.
    fn rss_kib(&self) -> Result<u64> {
        let id = self.process.0.id();
        let workers = fs::read_to_string(format!("/proc/{id}/task/{id}/children"))?;
        workers.split_whitespace().map(|id| rss_kib(id.parse()?)).sum()
    }
}

fn rss_kib(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(number.parse()?)
}

/// A process that does not outlive the bench. It is asked first, so that nginx ends its workers.
struct Stopped(Child);

impl From<Child> for Stopped {
    fn from(child: Child) -> Self {
        Stopped(child)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.0.id().to_string()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}
