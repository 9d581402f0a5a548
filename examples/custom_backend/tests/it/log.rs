//! What only a log can meet: a second owner, a torn end, damage, a file of somebody else.

use std::fs;
use std::path::Path;

use persist_core::column::{Integer, Text};
use persist_core::{ErrorKind, Result, Table};
use persist_custom_backend::Options;

async fn numbers(file: &Path) -> Result<Table<Text, Integer>> {
    Options::new(file).open().await?.table("numbers").await
}

async fn filled(file: &Path) -> Result<()> {
    let store = Options::new(file).open().await?;
    let table = store.table::<Text, Integer>("numbers").await?;
    table.insert("a", 1).await?;
    table.insert("b", 2).await?;
    store.close().await
}

fn kind<T>(opened: Result<T>) -> Option<ErrorKind> {
    opened.err().map(|error| error.kind())
}

#[tokio::test]
async fn a_second_owner_is_busy_until_the_first_closes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.log");
    let first = Options::new(&file).open().await.unwrap();
    assert_eq!(kind(Options::new(&file).open().await), Some(ErrorKind::Busy));
    first.close().await.unwrap();
    Options::new(&file).open().await.unwrap();
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.log");
    filled(&file).await.unwrap();
    let whole = fs::read(&file).unwrap();
    for lost in 1..8 {
        fs::write(&file, &whole[..whole.len() - lost]).unwrap();
        let table = numbers(&file).await.unwrap();
        assert_eq!(table.get("a").await.unwrap(), Some(1));
        assert_eq!(table.get("b").await.unwrap(), None);
        table.insert("c", 3).await.unwrap();
        drop(table);
        assert_eq!(numbers(&file).await.unwrap().get("c").await.unwrap(), Some(3));
    }
}

#[tokio::test]
async fn damage_and_strange_files_are_corrupt_and_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("store.log");
    filled(&file).await.unwrap();
    let mut damaged = fs::read(&file).unwrap();
    damaged[20] ^= 1;
    for content in [damaged, b"perslog\x02".to_vec(), b"a letter".to_vec()] {
        fs::write(&file, &content).unwrap();
        assert_eq!(kind(Options::new(&file).open().await), Some(ErrorKind::Corrupt));
        assert_eq!(fs::read(&file).unwrap(), content);
    }
}
