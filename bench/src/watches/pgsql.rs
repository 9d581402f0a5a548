//! PostgreSQL by hand: the statement that writes also notifies, and who listens reads the row that
//! is named.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, future, stream};
use persist_bench_kit::{Result, Spot};
use tokio::sync::mpsc::unbounded_channel;
use tokio_postgres::{AsyncMessage, Client, NoTls, Statement};

use super::{KEY, Seen, Writer};

pub const RAW: &str = "tokio-postgres";

struct Raw {
    client: Client,
    put: Statement,
}

pub async fn writer(spot: &Spot) -> Result<Box<dyn Writer>> {
    let (client, connection) = tokio_postgres::connect(url(spot)?, NoTls).await?;
    tokio::spawn(connection);
    let create = "CREATE TABLE numbers (key text COLLATE \"C\" PRIMARY KEY, value bigint NOT NULL)";
    client.batch_execute(create).await?;
    let put = "WITH put AS (INSERT INTO numbers VALUES ($1, $2) \
               ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value RETURNING key) \
               SELECT pg_notify('numbers', key) FROM put";
    let put = client.prepare(put).await?;
    Ok(Box::new(Raw { client, put }))
}

impl Writer for Raw {
    fn write(&mut self, number: i64) -> BoxFuture<'_, Result<()>> {
        async move {
            self.client.query_one(&self.put, &[&KEY, &number]).await?;
            Ok(())
        }
        .boxed()
    }
}

pub async fn watch(spot: &Spot) -> Result<Seen> {
    let (client, mut connection) = tokio_postgres::connect(url(spot)?, NoTls).await?;
    let (heard, hear) = unbounded_channel();
    let messages = stream::poll_fn(move |cx| connection.poll_message(cx));
    tokio::spawn(messages.for_each(move |message| {
        if let Ok(AsyncMessage::Notification(notification)) = message {
            // Who is not there any more need not hear of it.
            let _ = heard.send(notification.payload().to_owned());
        }
        future::ready(())
    }));
    client.batch_execute("LISTEN numbers").await?;
    let get = client.prepare("SELECT value FROM numbers WHERE key = $1").await?;
    let seen = stream::unfold((client, get, hear), |(client, get, mut hear)| async move {
        let key = hear.recv().await?;
        let row = client.query_one(&get, &[&key]).await;
        let number = row.and_then(|row| row.try_get(0)).map_err(Into::into);
        Some((number, (client, get, hear)))
    });
    Ok(seen.boxed())
}

fn url(spot: &Spot) -> Result<&str> {
    Ok(spot.url.as_deref().ok_or("no server")?)
}
