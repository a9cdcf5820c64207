//! What each command does. A command returns what to say at the end, or what went wrong in one readable text.

mod activate;
pub(crate) mod roster;
mod schools;
mod serve;

pub use activate::activate;
pub use roster::import_roster;
pub use schools::import_schools;
pub use serve::{check_config, serve};

use crate::{
    cli::Remote,
    client::{Api, ApiError},
};
use std::io::{IsTerminal as _, Write as _};

/// What a failed command says.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Writes a line for the person at the terminal.
pub(crate) fn say(line: &str) {
    // A closed pipe is the reader's decision.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Logs in as the command line says.
async fn log_in(remote: &Remote) -> Result<Api, ApiError> {
    let password = password(&remote.login, false);
    Api::new(&remote.server).log_in(&remote.login, &password).await
}

/// The password from XINQIAO_PASSWORD, or from the terminal without showing it, or a line of standard input.
fn password(login: &str, new: bool) -> String {
    if let Ok(given) = std::env::var("XINQIAO_PASSWORD") {
        return given;
    }
    let mut line = String::new();
    let terminal = std::io::stdin().is_terminal();
    if terminal {
        let what = if new { "新密码 new password" } else { "密码 password" };
        let _ = write!(std::io::stderr(), "{login} {what}: ");
        hide_input(true);
    }
    let _ = std::io::stdin().read_line(&mut line);
    if terminal {
        hide_input(false);
        let _ = writeln!(std::io::stderr());
    }
    line.trim_end_matches(['\r', '\n']).to_owned()
}

/// Switches the terminal's echo with the system's own `stty`; without one the input is seen, which is no reason to stop.
fn hide_input(hide: bool) {
    let echo = if hide { "-echo" } else { "echo" };
    let _ = std::process::Command::new("stty").arg(echo).status();
}
