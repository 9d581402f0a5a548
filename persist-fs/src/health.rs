//! Taking stock, and tidying up.

use persist_core::Result;
use persist_core::kv::{Health, KeyPath, Stat};

use crate::base::Base;
use crate::{error, read};

/// How many entries are looked at together.
const PAGE: usize = 1_024;

/// Takes away what processes that have ended left, and what this one has removed.
pub(crate) fn tidy(base: &Base) -> Result<()> {
    let Some(writing) = &base.writing else { return Ok(()) };
    {
        let Some(held) = base.hold()? else { return Err(error::removed("the own directory")) };
        if let Some(own) = base.own()? {
            own.bury(&held, &writing.session)?;
        }
    }
    writing.session.empty();
    Ok(())
}

/// Counts what is there.
pub(crate) fn check(base: &Base) -> Result<Health> {
    let mut health = Health::default();
    health.dictionaries = 1;
    let mut waiting = vec![KeyPath::empty()];
    while let Some(key) = waiting.pop() {
        let mut after: Option<String> = None;
        loop {
            let page = base.settled(|_| read::list(&base.root, &key, after.as_deref(), PAGE))?.0;
            let Some(page) = page else { break };
            for entry in page.entries {
                match entry.map(|entry| (entry.segment, entry.stat)) {
                    Ok((_, Stat::Value(value))) => {
                        health.values += 1;
                        health.bytes += value.size;
                    }
                    Ok((segment, _)) => {
                        health.dictionaries += 1;
                        waiting.push(key.append(&KeyPath::parse(&segment)));
                    }
                    Err(error) => health.damages.push(error.to_string()),
                }
            }
            after = page.rest;
            if after.is_none() {
                break;
            }
        }
    }
    if let Some(own) = base.own()? {
        let session = base.writing.as_ref().map(|writing| &writing.session);
        (health.leftovers, health.orphans) = own.count(session)?;
    }
    Ok(health)
}
