//! Who takes part.

use futures_util::future::BoxFuture;
use persist_bench_kit::{
    Contestant, Engine as Driven, Family, Opening, Remote, Result, Spot, Store, Tasks, Threads,
};
use persist_core::Persist;

use crate::ours::Ours;
use crate::{ground, helpers};

/// An engine with all who use it: the first part of a case's name.
pub struct Engine {
    pub name: &'static str,
    pub families: &'static [Family],
    /// Whether anything survives at all.
    pub durable: bool,
    pub ground: ground::Kind,
    pub entrants: Vec<Entrant>,
}

/// What an entrant is measured for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Ours,
    /// The engine itself, called as its manual advises.
    Raw,
    /// What a user would pick instead.
    Peer,
}

type Open = Box<dyn Fn(Spot) -> BoxFuture<'static, Result<Box<dyn Contestant>>> + Send + Sync>;

/// A contestant that is to be.
pub struct Entrant {
    pub name: &'static str,
    pub role: Role,
    /// Makes the contestant, which has its rows then.
    pub open: Open,
}

impl Entrant {
    /// persist, over the store that `open` opens.
    pub fn ours<F>(open: impl Fn(Spot) -> F + Send + Sync + Clone + 'static) -> Self
    where
        F: Future<Output = persist_core::Result<Persist>> + Send,
    {
        Self::tasks("ours", Role::Ours, move |spot| {
            let open = open.clone();
            async move { Ok(Ours::new(open(spot).await?).await?) }
        })
    }

    /// The engine itself, driven by threads; `open` is called for each of them.
    pub fn raw<E: Driven>(open: fn(&Spot) -> Result<Opener<E>>) -> Self {
        Self::threads("raw", Role::Raw, open)
    }

    /// Another engine of the kind, driven by threads.
    pub fn engine<E: Driven>(name: &'static str, open: fn(&Spot) -> Result<Opener<E>>) -> Self {
        Self::threads(name, Role::Peer, open)
    }

    /// A library in `peers`, in a process of its own, over the engine of this name.
    pub fn helper(name: &'static str, engine: &'static str) -> Self {
        let open: Open = Box::new(move |spot| {
            Box::pin(async move {
                let program = helpers::build(name).await?;
                let opening = Opening { engine: engine.to_owned(), spot };
                let remote = Remote::open(&program, opening).await?;
                helpers::remember(remote.versions());
                Ok(Box::new(remote) as Box<dyn Contestant>)
            })
        });
        Self { name, role: Role::Peer, open }
    }

    /// A library that tasks call, in any role.
    pub fn tasks<S: Store, F>(
        name: &'static str,
        role: Role,
        open: impl Fn(Spot) -> F + Send + Sync + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = Result<S>> + Send,
    {
        let open: Open = Box::new(move |spot| {
            let open = open.clone();
            Box::pin(async move {
                let rows = spot.rows;
                let store = open(spot).await?;
                Ok(Box::new(Tasks::loaded(store, rows).await?) as Box<dyn Contestant>)
            })
        });
        Self { name, role, open }
    }

    fn threads<E: Driven>(
        name: &'static str,
        role: Role,
        open: fn(&Spot) -> Result<Opener<E>>,
    ) -> Self {
        let open: Open = Box::new(move |spot| {
            Box::pin(async move {
                let opener = open(&spot)?;
                let threads = Threads::loaded(spot.rows, opener)?;
                Ok(Box::new(threads) as Box<dyn Contestant>)
            })
        });
        Self { name, role, open }
    }
}

/// Makes what a thread holds.
pub type Opener<E> = Box<dyn Fn() -> Result<E> + Send + Sync>;
