//! The server of stores that several processes share. Programs start it by themselves; by hand,
//! `persist-dbmd DIRECTORY` serves a store in the foreground.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    persist_dbm::serve_if_asked();
    let mut arguments = env::args_os().skip(1);
    let (Some(store), None) = (arguments.next(), arguments.next()) else {
        eprintln!(
            "persist-dbmd serves a store of persist-dbm to several processes.\n\
             Programs with `shared = true` start it by themselves; there is nothing to do.\n\
             By hand: persist-dbmd DIRECTORY serves a store until it has been idle for 4 s."
        );
        return ExitCode::from(2);
    };
    match persist_dbm::serve_here(persist_dbm::Options::new(store)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("persist-dbmd: {error}");
            ExitCode::FAILURE
        }
    }
}
