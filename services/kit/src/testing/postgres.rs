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

/// What is needed of it.
const PROGRAMS: &[&str] = &["initdb", "postgres", "pg_isready"];

/// Makes the files, runs the server, waits for the end of standard input, stops the server, removes the files.
///
/// `$1` the folder, `$2` the server's programs, `$3` the user to run as or nothing. fsync stays on: tests of what a crash leaves
/// behind must not lie.
const WATCH: &str = r#"
# Also without a reader of what it says: the tests may be gone before the server is ready.
trap '' INT HUP PIPE
home=$1 bin=$2 user=$3
if [ -n "$user" ]; then
    chown "$user" "$home"
    as() { setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"; }
else
    as() { "$@"; }
fi
end() {
    # By its own word: the job in the background may be a shell around it.
    if [ -s "$home/data/postmaster.pid" ]; then kill -INT "$(head -n 1 "$home/data/postmaster.pid")"; fi
    wait
    rm -rf "$home"
}
trap end EXIT
fail() { cat "$1" >&2; exit 1; }
cd "$home" || exit 1
as "$bin/initdb" -D "$home/data" -U xinqiao -A trust -E UTF8 --locale=C --no-sync >"$home/initdb.log" 2>&1 || fail "$home/initdb.log"
as "$bin/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c max_connections=400 -c shared_buffers=64MB \
    -c max_locks_per_transaction=256 -c logging_collector=off >"$home/server.log" 2>&1 </dev/null &
server=$!
tries=0
until [ -S "$home/.s.PGSQL.5432" ] && as "$bin/pg_isready" -q -h "$home" -U xinqiao -d postgres; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ] || ! kill -0 $server 2>/dev/null; then fail "$home/server.log"; fi
    sleep 0.05
done
echo ready
read -r _
"#;

/// A running server. It stops when this process ends.
#[derive(Debug)]
pub(super) struct Server {
    folder: PathBuf,
    _watch: Child,
    /// Open as long as the process lives.
    _life: Option<ChildStdin>,
}

/// One attempt a process: what does not start once does not start for the next test either.
static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();

impl Server {
    /// The server of this process.
    pub(super) fn shared() -> &'static Self {
        match SERVER.get_or_init(Self::start) {
            Ok(server) => server,
            Err(why) => panic!("PostgreSQL did not start: {why}"),
        }
    }

    /// Where to connect.
    pub(super) fn url(&self) -> String {
        format!("postgres://xinqiao@localhost/postgres?host={}", self.folder.display())
    }

    fn start() -> Result<Self, String> {
        let programs = programs().ok_or(
            "no server found: install it (Debian: apt install postgresql) or set XINQIAO_TEST_PG_BIN to the folder of initdb",
        )?;
        let user = user().ok_or("it refuses to run as root, and there is no user postgres or nobody")?;
        let in_words = |error: std::io::Error| error.to_string();
        let folder = tempfile::Builder::new().prefix("xq-pg-").tempdir_in("/tmp").map_err(in_words)?.keep();
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .args([folder.as_os_str(), programs.as_os_str()])
            .arg(user)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt from the terminal is for the tests; the server follows when they have ended.
            .process_group(0)
            .spawn()
            .map_err(in_words)?;
        let (life, output) = (watch.stdin.take(), watch.stdout.take().ok_or("no standard output")?);
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).map_err(in_words)?;
        if line.trim() == "ready" {
            return Ok(Self { folder, _watch: watch, _life: life });
        }
        let mut why = String::new();
        if let Some(mut errors) = watch.stderr.take() {
            errors.read_to_string(&mut why).map_err(in_words)?;
        }
        Err(why)
    }
}

/// The folder that holds `initdb` and `postgres`, newest version first.
fn programs() -> Option<PathBuf> {
    let holds = |folder: &Path| PROGRAMS.iter().all(|program| folder.join(program).is_file());
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

/// Whom to run the server as: `""` if we are an ordinary user already, since it refuses to run as root.
fn user() -> Option<&'static str> {
    let id = |args: &[&str]| {
        let output = Command::new("id").args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    if id(&["-u"])? != "0" {
        return Some("");
    }
    ["postgres", "nobody"].into_iter().find(|name| id(&["-u", name]).is_some())
}
