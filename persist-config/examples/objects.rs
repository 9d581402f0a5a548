//! A repository of one file, in the manner of git:
//! `cargo run --example objects [-- --config FILE]`.
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

mod shared;

use anyhow::Context;
use persist_core::column::{Json, Text};
use persist_core::objects::{Atomic, ContentAddressed, Digest, Hashed, Sha256};
use serde::{Deserialize, Serialize};

/// What a hash can stand for.
#[derive(Debug, Serialize, Deserialize)]
enum Object {
    File(String),
    Commit { message: String, file: Id, parent: Option<Id> },
}

type Id = Digest<Sha256>;

struct Repository {
    objects: ContentAddressed<Sha256, Json<Object>>,
    branches: Atomic<Text, Hashed<Sha256>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let store = persist_config::open(shared::config("store.toml")?).await?;
    let repository = Repository {
        objects: ContentAddressed::open(&store, "notes").await?,
        branches: Atomic::open(&store, "notes").await?,
    };

    let seen = repository.branches.find("main").await?;
    repository.commit("main", "Plan", "sow, water, wait").await?;
    repository.commit("main", "Add the end", "sow, water, wait, reap").await?;

    // A branch moves only from where one saw it, so nobody's commit is lost.
    let moved = repository.branches.test_and_set("main", seen, None).await?;
    println!("removed by one who has seen nothing of it: {moved}");

    let head = repository.branches.find("main").await?;
    repository.branches.set("main/old", head.context("a branch")?).await?;
    for branch in repository.branches.list().await? {
        println!("{branch}: {}", repository.log(&branch).await?.join(" < "));
    }
    store.close().await?;
    Ok(())
}

impl Repository {
    /// Commits a text to a branch, whoever else does so at the same time.
    async fn commit(&self, branch: &str, message: &str, text: &str) -> anyhow::Result<()> {
        let file = self.objects.add(&Object::File(text.to_owned())).await?;
        loop {
            let parent = self.branches.find(branch).await?;
            let commit = Object::Commit { message: message.to_owned(), file, parent };
            let commit = self.objects.add(&commit).await?;
            if self.branches.test_and_set(branch, parent, Some(commit)).await? {
                return Ok(());
            }
        }
    }

    /// The commits of a branch, the newest first: each its message, and how long the text was.
    async fn log(&self, branch: &str) -> anyhow::Result<Vec<String>> {
        let mut log = Vec::new();
        let mut next = self.branches.find(branch).await?;
        while let Some(id) = next {
            let Object::Commit { message, file, parent } = self.object(id).await? else {
                anyhow::bail!("{id} is no commit")
            };
            let Object::File(text) = self.object(file).await? else {
                anyhow::bail!("{file} is no file")
            };
            log.push(format!("{message} ({})", text.len()));
            next = parent;
        }
        Ok(log)
    }

    async fn object(&self, id: Id) -> anyhow::Result<Object> {
        self.objects.try_find(id).await?.with_context(|| format!("{id} is missing"))
    }
}
