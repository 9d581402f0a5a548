//! New values from old ones.
#![expect(clippy::print_stdout, reason = "it shows what it does")]

use persist_core::column::{Integer, Json, Text};
use persist_core::{Error, Result, Swap, Table};

#[derive(Debug)]
enum Shop {
    SoldOut,
    Store(Error),
}

impl From<Error> for Shop {
    fn from(e: Error) -> Self {
        Shop::Store(e)
    }
}

async fn hit(t: &Table<Text, Integer>, page: &str) -> Result<i64> {
    t.update_or(page, 0, |n| n + 1).await
}

async fn buy(t: &Table<Text, Integer>, sku: &str, want: i64) -> Result<(), Shop> {
    t.try_update(sku, |n| match n {
        Some(n) if n >= want => Ok(Some(n - want)),
        _ => Err(Shop::SoldOut),
    })
    .await?;
    Ok(())
}

async fn cas(t: &Table<Text, Json<Vec<String>>>, k: &str) -> Result<()> {
    if let Swap::Found(now) = t.compare_and_set(k, None, Some(&vec!["a".into()])).await? {
        println!("{now:?}");
    }
    Ok(())
}

#[tokio::test]
async fn do_what_they_say() {
    let (stores, _place) = super::stores().await;
    for store in stores {
        let numbers = store.table("numbers").await.unwrap();
        assert_eq!(hit(&numbers, "/").await.unwrap(), 1);
        assert_eq!(hit(&numbers, "/").await.unwrap(), 2);
        assert!(matches!(buy(&numbers, "/", 3).await, Err(Shop::SoldOut)));
        buy(&numbers, "/", 2).await.unwrap();
        assert_eq!(numbers.get("/").await.unwrap(), Some(0));

        let lists = store.table("lists").await.unwrap();
        lists.insert("k", &vec!["b".to_owned()]).await.unwrap();
        cas(&lists, "k").await.unwrap();
        cas(&lists, "l").await.unwrap();
        assert_eq!(lists.get("k").await.unwrap().unwrap(), ["b"]);
        assert_eq!(lists.get("l").await.unwrap().unwrap(), ["a"]);

        store.close().await.unwrap();
        match buy(&numbers, "/", 1).await {
            Err(Shop::Store(e)) => assert_eq!(e.kind(), persist_core::ErrorKind::Closed),
            other => panic!("{other:?}"),
        }
    }
}
