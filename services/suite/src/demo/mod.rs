//! `xinqiao demo`: a county's main job, played live through the public API with real clocks that the settings shorten, each step
//! verified by reading it back.

mod alert;
mod care;
mod cast;
mod roster;
mod school_life;
mod screening;
mod stage;
mod workbook;

use crate::{
    boot::{Running, boot},
    cli::Demo,
    client::Api,
    commands::{Failure, say},
    config::Config,
};
use cast::Cast;
use stage::{Counts, Stage};
use std::{path::Path, path::PathBuf, time::Instant};
use xinqiao_kit::{lifecycle, telemetry, time::Clock as _, time::SystemClock};
use xinqiao_seeds::{Settings, county::County};

/// County settings of the demo: minutes become seconds, so that an escalation can be watched.
const QUICK_SETTINGS: &str = "\
[crisis]
poll_seconds = 0.1
red_step_minutes = [0, 0.05, 0.1]
orange_step_minutes = [0, 0.05, 0.1, 0.15]
action_due_minutes = 30
round_minutes = 10
";

/// How a demo went.
#[derive(Debug)]
pub struct Told {
    /// What was counted.
    pub counts: Counts,
    /// Whether every step was verified.
    pub verified: bool,
}

/// Plays the story, then keeps serving unless told to stop.
///
/// # Errors
/// The platform does not start, a step fails, or something that was read back was not as it should be.
pub async fn run(asked: &Demo) -> Result<(), Failure> {
    let told = tell(asked).await?;
    if told.verified {
        Ok(())
    } else {
        Err("演示没有全部通过核对 The demo was not verified in full.".into())
    }
}

/// Plays the story and says how it went; without `exit` only once the platform has been stopped.
///
/// # Errors
/// The platform does not start, or ends otherwise than by one signal.
pub async fn tell(asked: &Demo) -> Result<Told, Failure> {
    let began = Instant::now();
    let temporary = match asked.data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("xinqiao-demo-").tempdir()?),
    };
    let data_dir = match (&asked.data_dir, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(dir)) => dir.path().to_owned(),
        (None, None) => PathBuf::from("."),
    };
    let running = start(asked, &data_dir).await?;
    let api = Api::new(&format!("http://{}", running.address));
    let code = running.activation_code.clone().unwrap_or_default();
    let stop = running.supervisor.stop_token();
    let platform = tokio::spawn(running.supervisor.run(lifecycle::signal));
    let mut stage = Stage::new(began);
    let outcome = play(asked, &data_dir, &api, &code, &mut stage).await;
    if let Err(cause) = &outcome {
        stage.failed(cause.as_ref());
    }
    let verified = stage.all_verified();
    stage.summarise();
    if verified && !asked.exit {
        stage.invite(api.base(), outcome.as_ref().ok());
    } else {
        stop.cancel();
    }
    if asked.json {
        stage.print_json();
    }
    platform.await??;
    Ok(Told { counts: stage.counts, verified })
}

async fn start(asked: &Demo, data_dir: &Path) -> Result<Running, Failure> {
    let mut flags = toml::Table::new();
    flags.insert("data_dir".to_owned(), data_dir.display().to_string().into());
    let gateway = toml::Table::from_iter([
        ("listen".to_owned(), asked.listen.to_string().into()),
        ("session_cache_seconds".to_owned(), 1.0.into()),
    ]);
    flags.insert("gateway".to_owned(), gateway.into());
    let log = toml::Table::from_iter([("filter".to_owned(), "error".into())]);
    flags.insert("log".to_owned(), log.into());
    let config = Config::read(None, flags)?;
    telemetry::init(&config.log.filter, config.log.format)?;
    let running = boot(&config, Settings::from_toml(QUICK_SETTINGS)?).await?;
    if running.activation_code.is_none() {
        return Err(format!(
            "{} 中已有管理员，请换一个空文件夹 is not empty: choose another --data-dir",
            data_dir.display()
        )
        .into());
    }
    say(&format!("心桥 Xinqiao  http://{}  {}", running.address, data_dir.display()));
    Ok(running)
}

async fn play(
    asked: &Demo,
    data_dir: &Path,
    api: &Api,
    code: &str,
    stage: &mut Stage,
) -> Result<Cast, Failure> {
    let (schools, roster) = match (&asked.schools_file, &asked.roster) {
        (Some(schools), Some(roster)) => (schools.clone(), roster.clone()),
        _ => make_files(asked, data_dir, stage)?,
    };
    let admin = cast::first_administrator(api, code).await?;
    roster::play(&admin, &schools, &roster, stage).await?;
    let cast = Cast::assemble(api, &admin, stage).await?;
    let screened = screening::prepare(&cast, stage).await?;
    let watchers = alert::watch(&cast).await?;
    let submitted = screening::submit(&cast, &screened, stage).await?;
    alert::play(&cast, &submitted, watchers, stage).await?;
    care::play(&cast, &submitted, stage).await?;
    school_life::play(&cast, stage).await?;
    Ok(cast)
}

/// Writes the register and the roster of a made-up county, as a clerk would send them.
fn make_files(asked: &Demo, data_dir: &Path, stage: &mut Stage) -> Result<(PathBuf, PathBuf), Failure> {
    let county = County::new(asked.schools, asked.pupils, asked.seed, SystemClock.now().shanghai_date());
    let (schools, roster) = (data_dir.join("demo-schools.csv"), data_dir.join("demo-roster.xlsx"));
    std::fs::write(&schools, county.schools_csv())?;
    workbook::write(&county, &roster)?;
    stage.scene("准备", "A made-up county");
    stage.tell(
        &format!("生成 {} 所学校、{} 名虚构学生的花名册（种子 {}）", asked.schools, asked.pupils, asked.seed),
        &format!("{} schools and {} pupils, made up from seed {}", asked.schools, asked.pupils, asked.seed),
    );
    Ok((schools, roster))
}
