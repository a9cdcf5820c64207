//! `xinqiao serve` and `xinqiao check-config`.

use super::{Failure, say};
use crate::{boot::boot, cli::Configured, config::Config};
use xinqiao_kit::{lifecycle, telemetry};

/// Runs the platform until it is told to stop.
///
/// # Errors
/// What kept it from starting, or how it ended if not by one signal.
pub async fn serve(configured: &Configured) -> Result<(), Failure> {
    let config = Config::read(configured.config.as_deref(), configured.flags())?;
    telemetry::init(&config.log.filter, config.log.format)?;
    let running = boot(&config, config.settings()?).await?;
    say(&format!("心桥 Xinqiao  http://{}  ({})", running.address, config.data_dir.display()));
    if let Some(code) = &running.activation_code {
        say("还没有管理员。请在 24 小时内用下面的一次性激活码创建第一个管理员：");
        say("There is no administrator yet. Within 24 hours, make the first one with this one-time code:");
        say(&format!("    xinqiao activate {code} --login admin --server http://{}", running.address));
    }
    running.supervisor.run(lifecycle::signal).await?;
    Ok(())
}

/// Says what is wrong with the configuration, or what it is.
///
/// # Errors
/// Everything that is wrong with it.
pub fn check_config(configured: &Configured) -> Result<(), Failure> {
    let config = Config::read(configured.config.as_deref(), configured.flags())?;
    let settings = config.settings()?;
    say(&format!("{config:#?}"));
    say(&format!("{settings:#?}"));
    say("配置正确 The configuration is good.");
    Ok(())
}
