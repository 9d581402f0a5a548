//! From the picture to steps.
//!
//! What shall be elsewhere or nowhere makes room first, in exchange for what comes if that is at
//! hand, so that a name that has a value before and after has one all the time. Then all that is
//! left goes to its place. Since whatever might be in the way of something lies in the session by
//! then, no directory is ever moved into itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use persist_core::Result;
use rustix::fs::{self, AtFlags, Mode};
use rustix::io::Errno;

use super::{Item, Origin, Plan, ROOT, Stop, content};
use crate::error;
use crate::node::{Id, Name};
use crate::own::{Session, Temp};
use crate::step::{Spot, Step};

/// Steps, in their order.
#[derive(Debug)]
pub(crate) struct Route {
    /// Those that nobody sees: new values into new directories.
    pub(crate) hidden: Vec<Step>,
    /// Those that change the tree.
    pub(crate) visible: Vec<Step>,
    /// New contents, which are to be durable before the first step.
    pub(crate) temps: Vec<Arc<Temp>>,
    /// New directories by their names in the session, with the times that they get.
    made: BTreeMap<Name, SystemTime>,
    /// What is in the session in the end, to be taken away.
    pub(crate) rest: Vec<Name>,
}

/// Where something is between two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Location {
    Root,
    In(Item, Name),
    Session(Name),
}

struct Router<'p> {
    plan: &'p Plan<'p>,
    locations: Vec<Option<Location>>,
    ids: Vec<Option<Id>>,
    /// Where it shall be, if that can be reached from the root.
    targets: Vec<Option<(Item, Name)>>,
    route: Route,
}

impl Plan<'_> {
    /// The steps to where everything shall be. Makes the new directories in the session.
    pub(crate) fn route(&self) -> Result<Route, Stop> {
        let count = self.things.len();
        let route = Route {
            hidden: Vec::new(),
            visible: Vec::new(),
            temps: Vec::new(),
            made: BTreeMap::new(),
            rest: Vec::new(),
        };
        let mut router = Router {
            plan: self,
            locations: vec![None; count],
            ids: vec![None; count],
            targets: (0..count).map(|item| self.target(item)).collect(),
            route,
        };
        if let Err(stop) = router.begin().and_then(|()| router.run()) {
            router.route.abandon(self.session);
            return Err(stop);
        }
        Ok(router.route)
    }

    fn target(&self, item: Item) -> Option<(Item, Name)> {
        let place = self.things.get(item)?.place.clone()?;
        let mut above = place.0;
        while above != ROOT {
            above = self.things.get(above)?.place.as_ref()?.0;
        }
        Some(place)
    }
}

impl Router<'_> {
    /// Finds where everything is, new directories included, which are made here.
    fn begin(&mut self) -> Result<(), Stop> {
        for (item, thing) in self.plan.things.iter().enumerate() {
            let (location, id) = match &thing.origin {
                Origin::Root => (Location::Root, None),
                Origin::Found { home: (dir, name), id, .. } => {
                    (Location::In(*dir, name.clone()), Some(*id))
                }
                _ if !self.targets.get(item).is_some_and(Option::is_some) => continue,
                Origin::Temp { temp, .. } => {
                    self.route.temps.push(Arc::clone(temp));
                    (Location::Session(temp.name.clone()), Some(temp.meta()?.id))
                }
                Origin::Made { modified } => {
                    let (name, id) = make(self.plan.session)?;
                    self.route.made.insert(name.clone(), *modified);
                    (Location::Session(name), Some(id))
                }
            };
            self.set(item, location);
            if let Some(slot) = self.ids.get_mut(item) {
                *slot = id;
            }
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), Stop> {
        let wanted: BTreeMap<(Item, Name), Item> = (0..self.targets.len())
            .filter_map(|item| Some((self.targets.get(item)?.clone()?, item)))
            .collect();
        let displaced: Vec<(Item, (Item, Name))> = (0..self.plan.things.len())
            .filter_map(|item| {
                let thing = self.plan.things.get(item)?;
                let Origin::Found { home, .. } = &thing.origin else { return None };
                (thing.place.as_ref() != Some(home)).then(|| (item, home.clone()))
            })
            .collect();
        self.fill_made()?;
        let moved_dirs =
            displaced.iter().filter(|(item, _)| self.is_dir(*item) && self.stays(*item)).count();
        for (item, home) in &displaced {
            self.make_room(*item, home, wanted.get(home).copied(), moved_dirs)?;
        }
        for (place, item) in &wanted {
            let there = Location::In(place.0, place.1.clone());
            if self.location(*item)? != &there {
                self.go(*item, there)?;
            }
        }
        let rest = displaced.iter().filter_map(|(item, _)| match self.location(*item) {
            Ok(Location::Session(name)) => Some(name.clone()),
            _ => None,
        });
        self.route.rest = rest.collect();
        Ok(())
    }

    /// Puts what is new into directories that are new; what is further below goes first, so that
    /// paths stay short and a directory is complete when it goes itself.
    fn fill_made(&mut self) -> Result<(), Stop> {
        for item in (0..self.plan.things.len()).rev() {
            let Some((dir, name)) = self.targets.get(item).cloned().flatten() else { continue };
            if self.is_new(item) && self.is_new(dir) {
                self.go(item, Location::In(dir, name))?;
            }
        }
        self.route.hidden = std::mem::take(&mut self.route.visible);
        Ok(())
    }

    /// Makes room at the place that something has had.
    fn make_room(
        &mut self,
        item: Item,
        home: &(Item, Name),
        wanted: Option<Item>,
        moved_dirs: usize,
    ) -> Result<(), Stop> {
        if self.location(item)? != &Location::In(home.0, home.1.clone()) {
            return Ok(());
        }
        match wanted {
            Some(new) if self.is_new(new) || !self.stays(item) && !self.is_dir(new) => {
                self.exchange(new, item)?;
                if self.is_new(new) || self.stays(item) {
                    return Ok(());
                }
                self.go(item, Location::Session(self.plan.session.fresh()))
            }
            // It can go straight to where it shall be. Several directories might get into each
            // other's way.
            None if self.stays(item) && moved_dirs <= 1 => Ok(()),
            _ => self.go(item, Location::Session(self.plan.session.fresh())),
        }
    }

    /// Has something go where nothing is.
    fn go(&mut self, item: Item, to: Location) -> Result<(), Stop> {
        let (from, goes) = (self.spot(item)?, self.id(item)?);
        let spot = self.spot_of(&to)?;
        self.route.visible.push(Step { from, to: spot, goes, comes: None });
        self.set(item, to);
        Ok(())
    }

    /// Has something go where something else is, which comes to where the first one was.
    fn exchange(&mut self, item: Item, other: Item) -> Result<(), Stop> {
        let (from, to) = (self.spot(item)?, self.spot(other)?);
        let (goes, comes) = (self.id(item)?, Some(self.id(other)?));
        let (here, there) = (self.location(item)?.clone(), self.location(other)?.clone());
        self.route.visible.push(Step { from, to, goes, comes });
        self.set(item, there);
        self.set(other, here);
        Ok(())
    }

    /// The spot of something, whatever has been moved above it.
    fn spot(&self, item: Item) -> Result<Spot, Stop> {
        self.spot_of(self.location(item)?)
    }

    fn spot_of(&self, location: &Location) -> Result<Spot, Stop> {
        let (mut path, mut location) = (Vec::new(), location);
        let session = loop {
            match location {
                Location::Root => break None,
                Location::Session(name) => {
                    path.push(name.clone());
                    break Some(self.plan.session.number);
                }
                Location::In(dir, name) => {
                    path.push(name.clone());
                    location = self.location(*dir)?;
                }
            }
        };
        path.reverse();
        Ok(Spot { session, path })
    }

    fn location(&self, item: Item) -> Result<&Location, Stop> {
        self.locations.get(item).and_then(Option::as_ref).ok_or(Stop::Moved)
    }

    fn set(&mut self, item: Item, location: Location) {
        if let Some(slot) = self.locations.get_mut(item) {
            *slot = Some(location);
        }
    }

    fn id(&self, item: Item) -> Result<Id, Stop> {
        self.ids.get(item).copied().flatten().ok_or(Stop::Moved)
    }

    fn is_new(&self, item: Item) -> bool {
        let origin = self.plan.things.get(item).map(|thing| &thing.origin);
        matches!(origin, Some(Origin::Temp { .. } | Origin::Made { .. }))
    }

    fn is_dir(&self, item: Item) -> bool {
        self.plan.below(item).is_some()
    }

    /// Whether it will be somewhere in the tree.
    fn stays(&self, item: Item) -> bool {
        self.targets.get(item).is_some_and(Option::is_some)
    }
}

impl Route {
    /// Gives the new directory that a hidden step has filled its time again.
    pub(crate) fn date(&self, filled: &Step, session: &Session) -> Result<()> {
        let Some(name) = filled.to.path.first() else { return Ok(()) };
        let Some(modified) = self.made.get(name) else { return Ok(()) };
        let time = content::time(*modified);
        match fs::utimensat(&session.dir, name, &time, AtFlags::SYMLINK_NOFOLLOW) {
            // It has gone into another one already.
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(error::own("a new directory")(errno)),
        }
    }

    /// Says that new contents are nobody's any more to take away.
    pub(crate) fn settle(&self) {
        for temp in &self.temps {
            temp.bound();
        }
    }

    /// Has everything that was made for nothing be taken away.
    pub(crate) fn abandon(&self, session: &Session) {
        for name in self.made.keys() {
            session.discard(name.clone());
        }
    }
}

fn make(session: &Session) -> Result<(Name, Id)> {
    let failed = error::own("a new directory");
    let name = session.fresh();
    fs::mkdirat(&session.dir, &name, Mode::from_raw_mode(0o777)).map_err(&failed)?;
    let gone = || error::removed("a session");
    let node = session.dir.child(&name).map_err(&failed)?.ok_or_else(gone)?;
    Ok((name, node.meta.id))
}
