//! Work on a connection of the pool, made again where that does no harm.

use persist_core::{Outcome, Result};

use crate::connection::Connection;
use crate::error::{engine, is_clash};
use crate::pool::Lent;
use crate::read::Failure;

/// How often something is made again.
const AGAIN: usize = 5;

/// Something that is done on a connection.
pub(crate) trait Work: Sync {
    type Output: Send;

    fn run(
        &self,
        connection: &mut Connection,
    ) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// Reads; again on a new connection when one is lost.
pub(crate) async fn read<W: Work>(lent: &mut Lent, work: &W) -> Result<W::Output> {
    let mut again = AGAIN;
    loop {
        let connection = lent.get()?;
        match read_once(connection, work).await {
            Err(Failure::Engine(error)) if connection.is_broken() && again > 0 => {
                tracing::debug!(%error, "a read is made again on a new connection");
                again -= 1;
                lent.replace().await?;
            }
            read => return read.map_err(Failure::told),
        }
    }
}

/// Works in a transaction; again while others are in the way, or when the connection is lost
/// before the commit.
pub(crate) async fn write<W: Work>(lent: &mut Lent, work: &W) -> Result<W::Output> {
    let mut again = AGAIN;
    loop {
        let connection = lent.get()?;
        connection.revive().await;
        if connection.is_broken() {
            lent.replace().await?;
        }
        let connection = lent.get()?;
        let failure = match write_once(connection, work).await {
            Ok(done) => return Ok(done),
            Err(Ended::Before(failure)) => failure,
            Err(Ended::During(error)) => return Err(engine(error).with_outcome(Outcome::Unknown)),
        };
        again -= 1;
        match failure {
            Failure::Engine(error) if again > 0 && (connection.is_broken() || is_clash(&error)) => {
                tracing::debug!(%error, "a change of tables is made again");
            }
            failure => return Err(failure.told()),
        }
    }
}

/// When a transaction failed.
enum Ended {
    Before(Failure),
    During(sqlx::Error),
}

async fn read_once<W: Work>(connection: &mut Connection, work: &W) -> Result<W::Output, Failure> {
    if !connection.is_shared() {
        return work.run(connection).await;
    }
    let read = match connection.begin("READ ONLY", "").await {
        Ok(_) => work.run(connection).await,
        Err(error) => Err(error.into()),
    };
    connection.roll_back().await;
    read
}

async fn write_once<W: Work>(connection: &mut Connection, work: &W) -> Result<W::Output, Ended> {
    let begun = connection.begin("ISOLATION LEVEL READ COMMITTED", "").await;
    begun.map_err(|error| Ended::Before(error.into()))?;
    let done = match work.run(connection).await {
        Ok(done) => done,
        Err(failure) => {
            connection.roll_back().await;
            return Err(Ended::Before(failure));
        }
    };
    match connection.commit().await {
        Ok(()) => Ok(done),
        Err(error) if connection.is_broken() => Err(Ended::During(error)),
        Err(error) => Err(Ended::Before(error.into())),
    }
}
