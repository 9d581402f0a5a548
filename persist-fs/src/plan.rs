//! From changes to steps: a picture of the tree, in which the changes are made one after the other,
//! and then the fewest steps from what is there to what shall be. New contents are written while
//! the picture is drawn; until a step binds them they lie in the session.

mod content;
mod route;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use persist_core::kv::{Change, KeyPath};
use persist_core::{Error, Result};

use crate::error;
use crate::node::{Id, Meta, Name, Node, Sort};
use crate::own::{NAME, Session, Temp};

pub(crate) use content::{at_end, settle};
pub(crate) use route::Route;

/// A file or directory of the picture, by its number.
type Item = usize;

/// The root's number.
const ROOT: Item = 0;

#[derive(Debug)]
pub(crate) struct Plan<'s> {
    root: Arc<Node>,
    session: &'s Session,
    things: Vec<Thing>,
}

#[derive(Debug)]
struct Thing {
    origin: Origin,
    /// Of a directory: what is known of its names.
    below: Option<Below>,
    /// Where it shall be, in the end; nowhere if it was removed or replaced.
    place: Option<(Item, Name)>,
}

#[derive(Debug)]
enum Origin {
    Root,
    /// It is on the disk.
    Found {
        home: (Item, Name),
        id: Id,
        mode: u32,
    },
    /// A content that is bound. It may be written to if nobody else has it.
    Temp {
        temp: Arc<Temp>,
        ours: bool,
    },
    /// A directory that is made.
    Made {
        modified: SystemTime,
    },
}

#[derive(Debug, Default)]
struct Below {
    /// Whether there may be more on the disk; not in a directory that is made.
    more: bool,
    known: BTreeMap<Name, Option<Item>>,
}

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The changes do not fit what is there any more: another program was faster.
    Moved,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<'s> Plan<'s> {
    /// The picture after the changes.
    pub(crate) fn draw(
        root: &Arc<Node>,
        session: &'s Session,
        changes: &[Change],
    ) -> Result<Self, Stop> {
        let below = Below { more: true, known: BTreeMap::new() };
        let top = Thing { origin: Origin::Root, below: Some(below), place: None };
        let mut plan = Self { root: Arc::clone(root), session, things: vec![top] };
        for change in changes {
            plan.change(change)?;
        }
        Ok(plan)
    }

    fn change(&mut self, change: &Change) -> Result<(), Stop> {
        match change {
            Change::Put { key, content, modified } => {
                let (temp, ours) = content::write(self.session, content, *modified)?;
                let thing = Thing { origin: Origin::Temp { temp, ours }, below: None, place: None };
                self.bind(key, thing, *modified)
            }
            Change::Write { key, offset, bytes, modified } => {
                let value = self.find(key)?;
                let temp = self.own_copy(value, key)?;
                content::overwrite(&temp, *offset, bytes, *modified)?;
                let origin = Origin::Temp { temp, ours: true };
                self.bind(key, Thing { origin, below: None, place: None }, *modified)
            }
            Change::Remove { key } if key.is_empty() => {
                let root = Arc::clone(&self.root);
                for name in root.names().map_err(error::at(key))? {
                    if name != NAME {
                        self.look(ROOT, Some(&root), &name, key)?;
                    }
                }
                let known = self.below(ROOT).map(|below| below.known.clone()).unwrap_or_default();
                for thing in known.into_values().flatten() {
                    self.detach(thing);
                }
                Ok(())
            }
            Change::Remove { key } => {
                let thing = self.find(key)?;
                self.detach(thing);
                Ok(())
            }
            Change::Move { from, to, modified } => {
                let thing = self.find(from)?;
                let (dir, name, old) = self.descend(to, Some(*modified))?;
                self.detach(thing);
                if let Some(old) = old {
                    self.detach(old);
                }
                self.attach(thing, dir, name);
                Ok(())
            }
        }
    }

    /// Puts a new value to a key, with the rights that the one which it replaces has.
    fn bind(&mut self, key: &KeyPath, thing: Thing, modified: SystemTime) -> Result<(), Stop> {
        let (dir, name, old) = self.descend(key, Some(modified))?;
        if let Some(old) = old {
            if let Origin::Temp { temp, .. } = &thing.origin
                && let Some(mode) = self.mode(old)
            {
                content::set_mode(temp, mode)?;
            }
            self.detach(old);
        }
        let new = self.things.len();
        self.things.push(thing);
        self.attach(new, dir, name);
        Ok(())
    }

    /// What is at a key, where there must be something.
    fn find(&mut self, key: &KeyPath) -> Result<Item, Stop> {
        let (_, _, found) = self.descend(key, None)?;
        found.ok_or(Stop::Moved)
    }

    /// The directory that a key is in, made if a time for it is given; the name there, and what
    /// has it. No more than two directories are held open on the way, which may be long.
    fn descend(
        &mut self,
        key: &KeyPath,
        modified: Option<SystemTime>,
    ) -> Result<(Item, Name, Option<Item>), Stop> {
        let mut segments = key.segments();
        let name = segments.next_back().ok_or(Stop::Moved)?.as_bytes().to_vec();
        let (mut dir, mut handle) = (ROOT, Some(Arc::clone(&self.root)));
        for segment in segments {
            let segment = segment.as_bytes();
            let found = self.look(dir, handle.as_ref(), segment, key)?;
            (dir, handle) = match (found, modified) {
                (Some(found), _) => {
                    (found, self.handle_below(found, dir, handle.as_ref(), segment, key)?)
                }
                (None, None) => return Err(Stop::Moved),
                (None, Some(modified)) => {
                    let made = self.things.len();
                    let (origin, below) = (Origin::Made { modified }, Some(Below::default()));
                    self.things.push(Thing { origin, below, place: None });
                    self.attach(made, dir, segment.to_vec());
                    (made, None)
                }
            };
        }
        let found = self.look(dir, handle.as_ref(), &name, key)?;
        Ok((dir, name, found))
    }

    /// What has a name in a directory of the picture, which is held if it is on the disk.
    fn look(
        &mut self,
        dir: Item,
        handle: Option<&Arc<Node>>,
        name: &[u8],
        key: &KeyPath,
    ) -> Result<Option<Item>, Stop> {
        let below = self.below(dir).ok_or(Stop::Moved)?;
        if let Some(known) = below.known.get(name) {
            return Ok(*known);
        }
        let Some(handle) = handle.filter(|_| below.more) else { return Ok(None) };
        let number = self.things.len();
        let item = Meta::at(&**handle, name).map_err(error::at(key))?.map(|meta| {
            let home = (dir, name.to_vec());
            let below =
                (meta.sort == Sort::Dir).then(|| Below { more: true, known: BTreeMap::new() });
            let place = Some(home.clone());
            let origin = Origin::Found { home, id: meta.id, mode: meta.mode };
            self.things.push(Thing { origin, below, place });
            number
        });
        self.attach_known(dir, name.to_vec(), item);
        Ok(item)
    }

    /// Holds the directory `item`, which the picture has in `dir`; `None` if it is not on the disk.
    fn handle_below(
        &self,
        item: Item,
        dir: Item,
        handle: Option<&Arc<Node>>,
        name: &[u8],
        key: &KeyPath,
    ) -> Result<Option<Arc<Node>>, Stop> {
        match (&self.things.get(item).ok_or(Stop::Moved)?.origin, handle) {
            (Origin::Found { home, id, .. }, Some(handle)) if home.0 == dir && home.1 == name => {
                hold(handle, name, *id, key).map(Some)
            }
            (Origin::Found { .. }, _) => self.handle(item, key).map(Some),
            _ => Ok(None),
        }
    }

    /// Holds a directory where it is on the disk, wherever the picture has it.
    fn handle(&self, item: Item, key: &KeyPath) -> Result<Arc<Node>, Stop> {
        let (mut names, mut above) = (Vec::new(), item);
        while let Origin::Found { home: (dir, name), id, .. } =
            &self.things.get(above).ok_or(Stop::Moved)?.origin
        {
            names.push((name, *id));
            above = *dir;
        }
        let root = Arc::clone(&self.root);
        names.into_iter().rev().try_fold(root, |dir, (name, id)| hold(&dir, name, id, key))
    }

    /// A copy of a value that is ours to write to.
    fn own_copy(&self, value: Item, key: &KeyPath) -> Result<Arc<Temp>, Stop> {
        match &self.things.get(value).ok_or(Stop::Moved)?.origin {
            Origin::Temp { temp, ours: true } => Ok(Arc::clone(temp)),
            Origin::Temp { temp, ours: false } => Ok(content::copy(self.session, &temp.file, key)?),
            Origin::Found { home: (dir, name), id, .. } => {
                let dir = self.handle(*dir, key)?;
                let file = dir.open_file(name, *id).map_err(error::at(key))?;
                Ok(content::copy(self.session, &file.ok_or(Stop::Moved)?, key)?)
            }
            Origin::Root | Origin::Made { .. } => Err(Stop::Moved),
        }
    }

    /// The rights of a value that is on the disk.
    fn mode(&self, item: Item) -> Option<u32> {
        let thing = self.things.get(item)?;
        match thing.origin {
            Origin::Found { mode, .. } if thing.below.is_none() => Some(mode),
            _ => None,
        }
    }

    fn below(&self, dir: Item) -> Option<&Below> {
        self.things.get(dir)?.below.as_ref()
    }

    fn attach_known(&mut self, dir: Item, name: Name, item: Option<Item>) {
        if let Some(below) = self.things.get_mut(dir).and_then(|thing| thing.below.as_mut()) {
            below.known.insert(name, item);
        }
    }

    fn attach(&mut self, item: Item, dir: Item, name: Name) {
        self.attach_known(dir, name.clone(), Some(item));
        if let Some(thing) = self.things.get_mut(item) {
            thing.place = Some((dir, name));
        }
    }

    fn detach(&mut self, item: Item) {
        let place = self.things.get_mut(item).and_then(|thing| thing.place.take());
        if let Some((dir, name)) = place {
            self.attach_known(dir, name, None);
        }
    }
}

/// Holds the directory that was found under a name.
fn hold(dir: &Node, name: &[u8], id: Id, key: &KeyPath) -> Result<Arc<Node>, Stop> {
    let node = dir.child(name).map_err(error::at(key))?;
    let same = node.filter(|node| node.meta.id == id && node.meta.sort == Sort::Dir);
    same.map(Arc::new).ok_or(Stop::Moved)
}
