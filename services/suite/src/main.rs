//! The program `xinqiao`.

use clap::{CommandFactory as _, Parser as _};
use std::process::ExitCode;
use xinqiao_suite::{
    cli::{Cli, Command, Roster, Schools},
    commands, demo,
};

fn main() -> ExitCode {
    let Some(command) = Cli::parse().command else {
        // A program called without a word explains itself and is content.
        return match Cli::command().print_long_help() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return fail(&cause),
    };
    match runtime.block_on(run(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => fail(cause.as_ref()),
    }
}

async fn run(command: Command) -> Result<(), commands::Failure> {
    match command {
        Command::Serve(asked) => commands::serve(&asked.configured).await,
        Command::CheckConfig(configured) => commands::check_config(&configured),
        Command::Activate(asked) => commands::activate(&asked).await,
        Command::Schools { command: Schools::Import { file, dry_run, skip_bad_rows, remote } } => {
            commands::import_schools(&file, dry_run, skip_bad_rows, &remote).await
        }
        Command::Roster { command: Roster::Import { file, dry_run, all_or_nothing, errors, remote } } => {
            commands::import_roster(&file, dry_run, all_or_nothing, errors.as_deref(), &remote).await
        }
        Command::Demo(asked) => demo::run(&asked).await,
    }
}

fn fail(cause: &dyn std::error::Error) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "xinqiao: {cause}");
    ExitCode::FAILURE
}
