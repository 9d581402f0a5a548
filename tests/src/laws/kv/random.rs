//! Random sequences of verbs, compared with the model.

use persist_core::kv::{Error, KeyPath, Kind, Kv};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::aid::{all, clean, told};
use super::model::{Node, Write};
use crate::{KvSubject, Place};

/// One step of a sequence.
#[derive(Debug, Clone)]
enum Step {
    Write(Write),
    Read(KeyPath, u64, u64),
    /// Writes that happen together, or, if told so, not at all.
    Batch(Vec<Write>, bool),
}

/// Any verbs in any order come to what the model says, batches included. A sequence that does not
/// is shown in its shortest form.
pub async fn random<S: KvSubject>(place: Place<S>) {
    let kv = place.kv().await;
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&place.seed().to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let steps = prop::collection::vec(step(), 1..24);
    let handle = Handle::current();
    let end = block_in_place(|| runner.run(&steps, |steps| handle.block_on(compare(&kv, steps))));
    if let Err(error) = end {
        panic!("{error}");
    }
    clean(&kv).await;
}

async fn compare(kv: &Kv, steps: Vec<Step>) -> Result<(), TestCaseError> {
    kv.remove("").await.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut model = Node::default();
    for step in steps {
        match step {
            Step::Write(write) => {
                let expected = told(model.write(write.clone()));
                prop_assert_eq!(told(make(kv, write.clone()).await), expected, "{:?}", write);
            }
            Step::Read(key, offset, length) => read(kv, &model, &key, offset, length).await?,
            Step::Batch(writes, aborted) => {
                let mut after = model.clone();
                let expected: Vec<_> =
                    writes.iter().map(|write| told(after.write(write.clone()))).collect();
                let got = kv
                    .batch(async |batch| {
                        let mut got = Vec::new();
                        for write in &writes {
                            got.push(told(match write.clone() {
                                Write::Set(key, value) => batch.set(key, value).await,
                                Write::SetPartial(key, offset, bytes) => {
                                    batch.set_partial(key, offset, bytes).await
                                }
                                Write::Allocate(key, size) => batch.allocate(key, size, None).await,
                                Write::Remove(key) => batch.remove(key).await,
                                Write::Rename(source, dest) => batch.rename(source, dest).await,
                            }));
                        }
                        // A made-up refusal stands for any.
                        if aborted { Err(Error::TooManyRetries(u32::MAX)) } else { Ok(got) }
                    })
                    .await;
                if aborted {
                    prop_assert_eq!(told(got), format!("TooManyRetries {}", u32::MAX));
                } else {
                    model = after;
                    prop_assert_eq!(got.unwrap_or_default(), expected, "{:?}", writes);
                }
            }
        }
        prop_assert_eq!(all(kv).await, model.all());
    }
    Ok(())
}

async fn make(kv: &Kv, write: Write) -> persist_core::kv::Result<()> {
    match write {
        Write::Set(key, value) => kv.set(key, value).await,
        Write::SetPartial(key, offset, bytes) => kv.set_partial(key, offset, bytes).await,
        Write::Allocate(key, size) => kv.allocate(key, size, None).await,
        Write::Remove(key) => kv.remove(key).await,
        Write::Rename(source, dest) => kv.rename(source, dest).await,
    }
}

async fn read(
    kv: &Kv,
    model: &Node,
    key: &KeyPath,
    offset: u64,
    length: u64,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(told(kv.get(key).await), told(model.get(key)));
    let part = model.get(key).map(|value| {
        let (begin, end) = (offset, offset.saturating_add(length));
        let clamp = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(value.len());
        &value[clamp(begin)..clamp(end)]
    });
    prop_assert_eq!(told(kv.get_partial(key, offset, length).await), told(part));
    prop_assert_eq!(told(kv.size(key).await), told(model.get(key).map(<[u8]>::len)));
    let names = kv.list(key).await.map(|entries| {
        entries.iter().map(|entry| entry.key.basename().to_owned()).collect::<Vec<_>>()
    });
    prop_assert_eq!(told(names), told(model.list(key)));
    let kind = model.at(key).ok().flatten().map(|node| match node {
        Node::Value(_) => Kind::Value,
        Node::Dictionary(_) => Kind::Dictionary,
    });
    prop_assert_eq!(told(kv.exists(key).await), format!("{kind:?}"));
    Ok(())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => write().prop_map(Step::Write),
        2 => (key(), 0..1_500_u64, 0..1_500_u64)
            .prop_map(|(key, offset, length)| Step::Read(key, offset, length)),
        2 => (prop::collection::vec(write(), 0..8), prop::bool::weighted(0.2))
            .prop_map(|(writes, aborted)| Step::Batch(writes, aborted)),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        4 => (key(), value()).prop_map(|(key, value)| Write::Set(key, value)),
        2 => (key(), 0..70_000_u64, value())
            .prop_map(|(key, offset, bytes)| Write::SetPartial(key, offset, bytes)),
        1 => (key(), 0..70_000_u64).prop_map(|(key, size)| Write::Allocate(key, size)),
        2 => key().prop_map(Write::Remove),
        4 => (key(), key()).prop_map(|(source, dest)| Write::Rename(source, dest)),
    ]
}

/// Few keys, so that they meet; now and then the empty one.
fn key() -> impl Strategy<Value = KeyPath> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "é"]), 0..4)
        .prop_map(|segments| KeyPath::parse(&segments.join("/")))
}

/// Sizes around those at which a store may change its ways.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![0..8_usize, 1_020..1_030_usize, 65_530..65_545_usize];
    (size, any::<u8>()).prop_map(|(size, first)| {
        (0..size).map(|at| first.wrapping_add(u8::try_from(at % 251).unwrap())).collect()
    })
}
