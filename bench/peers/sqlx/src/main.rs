//! sqlx, with the settings of its pools as they are: SQLite and PostgreSQL.

mod postgres;
mod sqlite;

use persist_bench_kit::{Contestant, Opening, Result, Tasks, serve};

fn main() -> Result<()> {
    serve(&["sqlx 0.9".to_owned()], |opening| async { open(opening).await })
}

async fn open(Opening { engine, spot }: Opening) -> Result<Box<dyn Contestant>> {
    let rows = spot.rows;
    Ok(match engine.as_str() {
        "sqlite" => Box::new(Tasks::loaded(sqlite::Sqlite::open(&spot).await?, rows).await?),
        "postgres" => Box::new(Tasks::loaded(postgres::Postgres::open(&spot).await?, rows).await?),
        _ => return Err(format!("sqlx has no {engine}").into()),
    })
}
