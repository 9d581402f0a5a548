//! Values as something to read from.

use std::fmt;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

use super::read::{short, value};
use super::store::{KvStore, Window};
use super::{Error, KeyPath, Kv, Pending, Result};
use crate::ErrorKind;

/// How many bytes are asked for at once.
const AHEAD: usize = 256 << 10;

/// A value, read piece by piece; made by [`Kv::reader`].
///
/// All that it reads is of the value as it was when the reader was made. If the value is changed
/// meanwhile, reading on is an error, whose inner error is a [`kv::Error`](Error) of
/// [`ErrorKind::Conflict`]; where that matters more than memory, use [`Kv::get`].
pub struct KvReader {
    store: Arc<dyn KvStore>,
    key: KeyPath,
    version: u128,
    size: u64,
    /// Where the next byte is read.
    position: u64,
    /// What was read ahead, from `from` on.
    ahead: Vec<u8>,
    from: u64,
    reading: Option<BoxFuture<'static, Result<Window>>>,
}

impl Kv {
    /// A reader of a value, which holds 256 KiB of it at a time.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// # use persist_core::kv::Kv;
    /// # let store = persist_mem::Options::new().open().await?;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// let kv = Kv::open(&store, "files").await?;
    /// let mut writer = kv.writer("song");
    /// writer.write_all(b"la la la").await?;
    /// writer.shutdown().await?; // here it is bound, durably
    ///
    /// let mut song = String::new();
    /// kv.reader("song").await?.read_to_string(&mut song).await?;
    /// assert_eq!(song, "la la la");
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn reader(&self, key: impl Into<KeyPath>) -> Pending<KvReader> {
        self.verb("reader", key, |kv, key| async move {
            let stat = value(&*kv.store, &key).await?;
            Ok(KvReader {
                store: kv.store,
                key,
                version: stat.version,
                size: stat.size,
                position: 0,
                ahead: Vec::new(),
                from: 0,
                reading: None,
            })
        })
    }
}

impl KvReader {
    /// The bytes that the value has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What was read ahead of the position.
    fn ready(&self) -> &[u8] {
        let skipped = self.position.checked_sub(self.from).map(usize::try_from);
        let Some(Ok(skipped)) = skipped else { return &[] };
        self.ahead.get(skipped..).unwrap_or_default()
    }

    /// Reads ahead from the position on.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.reading.is_none() {
            self.from = self.position;
            self.ahead.clear();
        }
        let (store, key) = (&self.store, &self.key);
        let (from, version) = (self.from, self.version);
        let begin = || Box::pin(read(Arc::clone(store), key.clone(), from, version)) as _;
        let reading = self.reading.get_or_insert_with(begin);
        let window = ready!(reading.as_mut().poll(cx));
        self.reading = None;
        let window = window?;
        if window.bytes.is_empty() {
            return Poll::Ready(Err(short(&self.key)));
        }
        self.ahead = window.bytes;
        Poll::Ready(Ok(()))
    }
}

async fn read(store: Arc<dyn KvStore>, key: KeyPath, from: u64, version: u128) -> Result<Window> {
    match store.read(&key, from, AHEAD).await? {
        Some(window) if window.stat.version == version => Ok(window),
        _ => Err(changed(&key)),
    }
}

fn changed(key: &KeyPath) -> Error {
    let what = format!("the value at {key} was changed while it was being read; read it anew");
    crate::Error::new(ErrorKind::Conflict, what).during("reader").into()
}

impl AsyncRead for KvReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.position >= self.size || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        while self.reading.is_some() || self.ready().is_empty() {
            ready!(self.poll_ahead(cx))?;
        }
        let ready = self.ready();
        let bytes = ready.get(..buffer.remaining()).unwrap_or(ready);
        buffer.put_slice(bytes);
        self.position += bytes.len() as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for KvReader {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "before the beginning");
        self.position = position.ok_or_else(before)?;
        self.reading = None;
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position))
    }
}

impl fmt::Debug for KvReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvReader")
            .field("key", &self.key)
            .field("size", &self.size)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
