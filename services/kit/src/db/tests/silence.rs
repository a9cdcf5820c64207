//! Guard 2, with a server that falls silent: connections stay open, and nothing comes any more.

use crate::{
    db::{Db, DbConfig, DbError, Limits, PgConfig},
    testing::TestDb,
};
use secrecy::ExposeSecret as _;
use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    sync::watch,
};

const SOCKET: &str = ".s.PGSQL.5432";

/// Stands between a pool and the server; told to, it swallows everything on the connections that there are.
struct Proxy {
    folder: tempfile::TempDir,
    silent: watch::Sender<u64>,
}

impl Proxy {
    fn to(server: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("xq-px-").tempdir_in("/tmp").unwrap();
        let listener = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        let (silent, told) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let mut told = told.clone();
                told.mark_unchanged();
                let server = server.clone();
                tokio::spawn(async move {
                    let mut upstream = UnixStream::connect(server).await.unwrap();
                    // In this order: not a byte that comes after the word may still get through.
                    tokio::select! {
                        biased;
                        _ = told.changed() => std::future::pending().await,
                        _ = copy_bidirectional(&mut client, &mut upstream) => {}
                    }
                });
            }
        });
        Self { folder, silent }
    }

    fn fall_silent(&self) {
        self.silent.send_modify(|times| *times += 1);
    }
}

async fn behind_a_proxy(limits: Limits) -> (Db, Proxy) {
    let test = TestDb::postgres().await;
    let DbConfig::Postgres(config) = test.config() else { panic!("PostgreSQL") };
    let url = config.url.expose_secret();
    let (front, folder) = url.split_once("host=").unwrap();
    let proxy = Proxy::to(Path::new(folder).join(SOCKET));
    let url = format!("{front}host={}", proxy.folder.path().display());
    let config = DbConfig::Postgres(PgConfig { url: url.into(), schema: config.schema.clone() });
    (Db::open(&config, limits).await.unwrap(), proxy)
}

fn limits() -> Limits {
    Limits {
        connections: 2,
        // Time enough for a busy machine to open a connection anew: only the dead ones may run into it.
        answer: Duration::from_secs(2),
        acquire: Duration::from_secs(20),
        ..Limits::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_into_silence_costs_one_limit_and_no_place_in_the_pool() {
    let (db, proxy) = behind_a_proxy(limits()).await;
    for _ in 0..3 {
        let mut one = db.begin().await.unwrap();
        let mut two = db.begin().await.unwrap();
        assert_eq!(one.q("SELECT 1").get::<i32>().await.unwrap(), 1);
        proxy.fall_silent();
        let began = Instant::now();
        for tx in [&mut one, &mut two] {
            assert!(matches!(tx.q("SELECT 1").get::<i32>().await, Err(DbError::Unavailable(_))));
        }
        drop((one, two));
        // Both places are free again, for connections that work.
        let (_one, _two) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        // Two limits and a margin, far below the wait for a place that is never freed.
        assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_died_on_their_way_back_or_while_idle_free_their_places() {
    let (db, proxy) = behind_a_proxy(limits()).await;
    // Held in transactions, so that they are rolled back into silence.
    let held = (db.begin().await.unwrap(), db.begin().await.unwrap());
    proxy.fall_silent();
    drop(held);
    let again = (db.begin().await.unwrap(), db.begin().await.unwrap());
    drop(again);
    // Idle for longer than is trusted: asked for a sign of life first.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    proxy.fall_silent();
    assert_eq!(db.read("SELECT 1").get::<i32>().await.unwrap(), 1);
}
