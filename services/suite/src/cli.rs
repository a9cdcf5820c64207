//! The command line.

use clap::{Args, Parser, Subcommand};
use std::{net::SocketAddr, path::PathBuf};

/// 心桥 Xinqiao: the platform that a county runs to look after the mental health of its pupils.
#[derive(Debug, Parser)]
#[command(name = "xinqiao", version, about, long_about = LONG)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const LONG: &str = "\
心桥 Xinqiao: the platform that a county runs to look after the mental health of its pupils.

Try it:    xinqiao demo              a made-up county, its main job played live; nothing is left behind
Run it:    xinqiao serve             everything in one process, data in ./xinqiao-data
First day: xinqiao activate CODE --login NAME      with the code that the first start prints
           xinqiao schools import schools.csv      the register of schools
           xinqiao roster import roster.xlsx       the pupils, as the clerk's workbook has them";

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the platform: every service and the gateway in one process.
    Serve(Serve),
    /// Reads the configuration, says what is wrong with it or what it is, and stops.
    CheckConfig(Configured),
    /// Redeems the one-time code that the first start prints: makes the first administrator.
    Activate(Activate),
    /// The register of schools.
    Schools {
        /// What to do with it.
        #[command(subcommand)]
        command: Schools,
    },
    /// The pupils' roster.
    Roster {
        /// What to do with it.
        #[command(subcommand)]
        command: Roster,
    },
    /// Plays the county's main job live through the public API, on made-up pupils or on a roster of yours.
    Demo(Demo),
}

/// Where the configuration comes from.
#[derive(Debug, Args, Clone, Default)]
pub struct Configured {
    /// A TOML file laid over the defaults. Environment variables (XINQIAO__GATEWAY__LISTEN) and flags win over it.
    #[arg(long, value_name = "FILE", env = "XINQIAO_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of databases and keys.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of the front door, such as 127.0.0.1:8080.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// County settings laid over the defaults.
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

impl Configured {
    /// What the command line says, as configuration.
    pub fn flags(&self) -> toml::Table {
        let mut flags = toml::Table::new();
        if let Some(dir) = &self.data_dir {
            flags.insert("data_dir".to_owned(), dir.display().to_string().into());
        }
        if let Some(file) = &self.settings {
            flags.insert("settings_file".to_owned(), file.display().to_string().into());
        }
        if let Some(listen) = self.listen {
            let gateway = toml::Table::from_iter([("listen".to_owned(), listen.to_string().into())]);
            flags.insert("gateway".to_owned(), gateway.into());
        }
        flags
    }
}

/// `serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Configuration.
    #[command(flatten)]
    pub configured: Configured,
}

/// Which platform to talk to, and as whom. The password is asked for, or taken from XINQIAO_PASSWORD.
#[derive(Debug, Args, Clone)]
pub struct Remote {
    /// Address of the gateway.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", env = "XINQIAO_SERVER")]
    pub server: String,
    /// Login name.
    #[arg(long, value_name = "NAME", env = "XINQIAO_LOGIN")]
    pub login: String,
}

/// `activate`
#[derive(Debug, Args)]
pub struct Activate {
    /// The one-time code.
    pub code: String,
    /// Which platform, and the login name to take.
    #[command(flatten)]
    pub remote: Remote,
    /// The name that others see.
    #[arg(long, value_name = "NAME", default_value = "管理员")]
    pub display_name: String,
}

/// `schools ...`
#[derive(Debug, Subcommand)]
pub enum Schools {
    /// Loads a CSV of 学校标识码,学校名称,学段. Loading it again changes nothing.
    Import {
        /// The file.
        file: PathBuf,
        /// Say what would happen and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Load the rows that are good although others are not.
        #[arg(long)]
        skip_bad_rows: bool,
        /// Which platform.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `roster ...`
#[derive(Debug, Subcommand)]
pub enum Roster {
    /// Loads an XLSX or CSV roster: good rows are loaded, bad ones listed with cell and reason. Loading it again changes nothing.
    Import {
        /// The file.
        file: PathBuf,
        /// Say what would happen and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Load nothing unless every row is good.
        #[arg(long)]
        all_or_nothing: bool,
        /// Where to write the workbook with the errors marked.
        #[arg(long, value_name = "OUT.xlsx")]
        errors: Option<PathBuf>,
        /// Which platform.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `demo`
#[derive(Debug, Args, Clone)]
pub struct Demo {
    /// Schools of the made-up county.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=300))]
    pub schools: u32,
    /// Pupils of the made-up county.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(60..=500_000))]
    pub pupils: u32,
    /// The same seed makes the same county.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep the data here instead of a temporary folder.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of the front door; a free port if not given.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Stop after the story; status 0 only if every step was verified.
    #[arg(long)]
    pub exit: bool,
    /// Print one JSON object with the counts as the last line.
    #[arg(long)]
    pub json: bool,
    /// A register of schools of yours.
    #[arg(long, value_name = "FILE.csv", requires = "roster")]
    pub schools_file: Option<PathBuf>,
    /// A roster of yours.
    #[arg(long, value_name = "FILE.xlsx", requires = "schools_file")]
    pub roster: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
