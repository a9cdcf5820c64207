//! A PostgreSQL server of the tests' own: started when the first test wants it, one for each test process, gone with it.
//!
//! A small shell watches over it: it waits until its standard input ends, which happens however this process ends, and
//! then stops the server and removes its files. The server listens on a socket in its own folder only.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::OnceLock,
};

/// Where Debian, RPM, Homebrew and source builds put the server.
const PLACES: &[&str] =
    &["/usr/lib/postgresql", "/usr", "/usr/local/pgsql", "/usr/local", "/opt/homebrew/opt/postgresql"];

/// Makes the files, runs the server, waits for the end of standard input, stops the server, removes the files.
///
/// `$1` the folder, `$2` the server's programs, `$3` the user to run as or nothing. fsync stays on: tests of what a crash leaves
/// behind must not lie.
const WATCH: &str = r#"
trap '' INT HUP
set -e
home=$1 bin=$2 user=$3
if [ -n "$user" ]; then
    chown "$user" "$home"
    as() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"; }
else
    as() { "$@"; }
fi
trap 'rm -rf "$home"' EXIT
cd "$home"
as "$bin/initdb" -D "$home/data" -U xinqiao -A trust -E UTF8 --locale=C --no-sync >"$home/initdb.log" 2>&1 || { cat "$home/initdb.log" >&2; exit 1; }
as "$bin/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c max_connections=400 -c shared_buffers=64MB \
    -c max_locks_per_transaction=256 -c logging_collector=off >"$home/server.log" 2>&1 </dev/null &
server=$!
tries=0
until [ -S "$home/.s.PGSQL.5432" ] && as "$bin/pg_isready" -q -h "$home"; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ] || ! kill -0 $server 2>/dev/null; then cat "$home/server.log" >&2; exit 1; fi
    sleep 0.05
done
echo ready
read -r _ || true
set +e
kill -INT $server
wait $server
"#;

/// A running server. It stops when this process ends.
#[derive(Debug)]
pub(super) struct Server {
    folder: PathBuf,
    _watch: Child,
    /// Open as long as the process lives.
    _life: ChildStdin,
}

static SERVER: OnceLock<Server> = OnceLock::new();

impl Server {
    /// The server of this process.
    pub(super) fn shared() -> &'static Self {
        SERVER.get_or_init(Self::start)
    }

    /// Where to connect.
    pub(super) fn url(&self) -> String {
        format!("postgres://xinqiao@localhost/postgres?host={}", self.folder.display())
    }

    fn start() -> Self {
        let programs = programs().expect(
            "no PostgreSQL server found: install it (Debian: apt install postgresql) or set XINQIAO_TEST_PG_BIN to the folder of initdb",
        );
        let folder =
            tempfile::Builder::new().prefix("xq-pg-").tempdir_in("/tmp").expect("a folder in /tmp").keep();
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .args([folder.as_os_str(), programs.as_os_str()])
            .arg(user())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt from the terminal is for the tests; the server follows when they have ended.
            .process_group(0)
            .spawn()
            .expect("sh starts");
        let life = watch.stdin.take().expect("standard input is piped");
        let mut line = String::new();
        let output = watch.stdout.take().expect("standard output is piped");
        BufReader::new(output).read_line(&mut line).expect("the watch speaks");
        if line.trim() != "ready" {
            let mut why = String::new();
            if let Some(mut errors) = watch.stderr.take() {
                let _ = errors.read_to_string(&mut why);
            }
            panic!("PostgreSQL did not start: {why}");
        }
        Self { folder, _watch: watch, _life: life }
    }
}

/// The folder that holds `initdb` and `postgres`, newest version first.
fn programs() -> Option<PathBuf> {
    let holds = |folder: &Path| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if let Some(folder) = std::env::var_os("XINQIAO_TEST_PG_BIN") {
        return Some(PathBuf::from(folder)).filter(|folder| holds(folder));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for place in PLACES {
        let direct = Path::new(place).join("bin");
        found.push((0, direct));
        for version in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let number = version.file_name().to_str().and_then(|name| name.parse().ok()).unwrap_or(0);
            found.push((number, version.path().join("bin")));
        }
    }
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    on_path.into_iter().chain(found.into_iter().map(|(_, folder)| folder)).find(|folder| holds(folder))
}

/// Whom to run the server as: nobody else if we are an ordinary user already, since it refuses to run as root.
fn user() -> String {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if id(&["-u"]).as_deref() != Some("0") {
        return String::new();
    }
    let exists = |name: &&&str| id(&["-u", name]).is_some();
    (*["postgres", "nobody"].iter().find(exists).expect("an unprivileged user: postgres or nobody"))
        .to_owned()
}
