//! A PostgreSQL of the test's own, from the system's package, on a socket in a temporary directory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A running server; it ends with this value.
pub(crate) struct Postgres {
    bin: PathBuf,
    directory: TempDir,
}

impl Postgres {
    /// Starts one; none, and one clear line, where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(bin) = bin() else {
            // Not by `println`, which is only seen of tests that fail.
            let line = "skipped: PostgreSQL (no initdb; install the package `postgresql`)\n";
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        };
        let directory = TempDir::new().unwrap();
        if let Some((user, group)) = unprivileged() {
            std::os::unix::fs::chown(directory.path(), Some(user), Some(group)).unwrap();
        }
        let server = Self { bin, directory };
        let data = server.data();
        let made = ["-D", &data, "-U", "holdpoint", "-A", "trust", "-E", "UTF8", "--no-sync"];
        server.run("initdb", &made);
        server.control("start");
        Some(server)
    }

    /// Ends all connections and starts again, as an upgrade of the server does.
    pub(crate) fn restart(&self) {
        self.control("restart");
    }

    /// An empty database.
    pub(crate) fn database(&self, name: &str) -> String {
        let socket = self.directory.path().to_str().unwrap();
        self.run("createdb", &["-h", socket, "-U", "holdpoint", name]);
        format!("postgres://holdpoint@localhost/{name}?host={socket}")
    }

    fn data(&self) -> String {
        self.directory.path().join("data").to_str().unwrap().to_owned()
    }

    fn control(&self, action: &str) {
        let socket = self.directory.path().display();
        let options = format!("-c listen_addresses='' -c unix_socket_directories='{socket}'");
        let log = self.directory.path().join("log");
        let (data, log) = (self.data(), log.to_str().unwrap().to_owned());
        let mode = if action == "start" { vec![] } else { vec!["-m", "immediate"] };
        let common = ["-D", &data, "-w", "-l", &log, "-o", &options];
        self.run("pg_ctl", &[&[action][..], &common, &mode].concat());
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.bin.join(program));
        command.args(arguments).current_dir(self.directory.path());
        if let Some((user, group)) = unprivileged() {
            use std::os::unix::process::CommandExt;
            command.uid(user).gid(group);
        }
        // The server keeps what `pg_ctl` writes to, so a pipe would never end.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program} {arguments:?} failed");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        self.run("pg_ctl", &["stop", "-D", &data, "-m", "immediate", "-w"]);
    }
}

/// Where the server's programs are: Debian keeps them out of the path, by version.
fn bin() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut places: Vec<PathBuf> =
        debian.filter_map(|version| Some(version.ok()?.path().join("bin"))).collect();
    places.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let is_whole = |place: &&PathBuf| {
        ["initdb", "pg_ctl", "createdb"].iter().all(|name| place.join(name).is_file())
    };
    places.iter().rev().chain(&path).find(is_whole).cloned()
}

/// The server does not run as root; `nobody` can.
fn unprivileged() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    let is_root = std::fs::metadata(Path::new("/proc/self")).is_ok_and(|it| it.uid() == 0);
    is_root.then_some((65534, 65534))
}
