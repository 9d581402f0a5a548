//! One step of a commit: a name goes elsewhere, or two names are exchanged. Each is atomic, and can
//! be undone without any space on the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustix::fs::{self, RenameFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::node::{Id, Meta, Name, Node, Sort};
use crate::own;

/// A place for a file: names from the root, or from the directory of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spot {
    pub(crate) session: Option<u32>,
    pub(crate) path: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) from: Spot,
    pub(crate) to: Spot,
    /// What goes.
    pub(crate) goes: Id,
    /// What comes back in exchange; nothing if the place is free.
    pub(crate) comes: Option<Id>,
}

/// Where steps are made, and which directories they have changed.
#[derive(Debug)]
pub(crate) struct Ground {
    root: Arc<Node>,
    own: Arc<Node>,
    changed: BTreeMap<Id, Arc<Node>>,
}

/// Why a step was not made.
#[derive(Debug)]
pub(crate) enum Miss {
    /// Another program has changed something here meanwhile.
    Moved,
    System(Errno),
}

impl Step {
    /// Makes it, if everything is where it is expected.
    pub(crate) fn make(&self, ground: &mut Ground) -> Result<(), Miss> {
        let (from, to) = (ground.resolve(&self.from)?, ground.resolve(&self.to)?);
        if from.id()? != Some(self.goes) || to.id()? != self.comes {
            return Err(Miss::Moved);
        }
        ground.rename(&from, &to, self.comes.is_some())
    }

    /// Undoes it, if it was made. Where another program has put something since, that stays.
    pub(crate) fn undo(&self, ground: &mut Ground) -> Result<(), Miss> {
        let found = (ground.resolve(&self.from), ground.resolve(&self.to));
        let (from, to) = match found {
            (Ok(from), Ok(to)) => (from, to),
            (Err(Miss::System(errno)), _) | (_, Err(Miss::System(errno))) => {
                return Err(Miss::System(errno));
            }
            (Err(Miss::Moved), _) | (_, Err(Miss::Moved)) => return Ok(()),
        };
        let (here, there) = (from.id()?, to.id()?);
        if there != Some(self.goes) || here != self.comes {
            return Ok(());
        }
        match ground.rename(&to, &from, self.comes.is_some()) {
            Err(Miss::Moved) => Ok(()),
            done => done,
        }
    }
}

struct Place<'s> {
    dir: Arc<Node>,
    name: &'s Name,
    own: bool,
}

impl Place<'_> {
    fn id(&self) -> Result<Option<Id>, Miss> {
        Ok(Meta::at(&*self.dir, self.name).map_err(Miss::of)?.map(|meta| meta.id))
    }
}

impl Ground {
    pub(crate) fn new(root: Arc<Node>, own: Arc<Node>) -> Self {
        Self { root, own, changed: BTreeMap::new() }
    }

    /// How many directories have been changed, and wait to be synced.
    pub(crate) fn changed(&self) -> usize {
        self.changed.len()
    }

    /// Leaves it to the system when what the steps have done becomes durable.
    pub(crate) fn forget(&mut self) {
        self.changed.clear();
    }

    /// Makes durable what the steps have done.
    pub(crate) fn sync(&mut self) -> rustix::io::Result<()> {
        for dir in std::mem::take(&mut self.changed).into_values() {
            match dir.sync() {
                // It was in a directory that went away itself.
                Err(Errno::NOENT) => {}
                synced => synced?,
            }
        }
        Ok(())
    }

    fn rename(&mut self, from: &Place<'_>, to: &Place<'_>, exchange: bool) -> Result<(), Miss> {
        let flags = if exchange { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
        fs::renameat_with(&*from.dir, from.name, &*to.dir, to.name, flags).map_err(Miss::of)?;
        for place in [from, to] {
            // The names in a session itself need not survive.
            if !place.own {
                self.changed.insert(place.dir.meta.id, Arc::clone(&place.dir));
            }
        }
        Ok(())
    }

    fn resolve<'s>(&self, spot: &'s Spot) -> Result<Place<'s>, Miss> {
        let mut dir = match spot.session {
            None => Arc::clone(&self.root),
            Some(number) => child(&self.own, &own::session_name(number))?,
        };
        let (name, above) = spot.path.split_last().ok_or(Miss::Moved)?;
        for segment in above {
            dir = child(&dir, segment)?;
        }
        Ok(Place { dir, name, own: spot.session.is_some() && above.is_empty() })
    }
}

fn child(dir: &Node, name: &[u8]) -> Result<Arc<Node>, Miss> {
    let node = dir.child(name).map_err(Miss::of)?.ok_or(Miss::Moved)?;
    if node.meta.sort == Sort::Dir { Ok(Arc::new(node)) } else { Err(Miss::Moved) }
}

impl Miss {
    fn of(errno: Errno) -> Self {
        match errno {
            Errno::NOENT | Errno::EXIST | Errno::NOTDIR | Errno::LOOP | Errno::NOTEMPTY => {
                Self::Moved
            }
            other => Self::System(other),
        }
    }
}
