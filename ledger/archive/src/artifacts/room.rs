//! Room: how much each tenant has here, and may have.
//!
//! What is counted is what is here. It is counted anew from the store whenever a node starts, so no crash can lose or keep
//! what it should not; and from then on as it comes and goes. What is being uploaded has its room before it has its name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proto::id::{SubmissionId, Tenant};

/// How much a tenant may have; 0 is any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of all its artifacts, salts included.
    pub bytes_max: u64,
    /// Artifacts.
    pub count_max: u64,
}

/// How much a tenant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Bytes.
    pub bytes: u64,
    /// Artifacts.
    pub count: u64,
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// It would be too many bytes.
    Bytes {
        /// It has so many.
        held: u64,
        /// And wants so many more.
        wanted: u64,
        /// Of so many.
        max: u64,
    },
    /// It would be too many artifacts.
    Count {
        /// It may have so many, and has.
        max: u64,
    },
    /// What is here was not counted yet.
    Counting,
    /// The same artifact is being uploaded already.
    UnderWay,
}

/// The room of a node. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Room(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    default: Quota,
    quotas: BTreeMap<Tenant, Quota>,
    tallies: BTreeMap<Tenant, Tally>,
    under_way: BTreeSet<SubmissionId>,
    counted: bool,
}

/// What was counted of one tenant. Each artifact by itself: others who share the store may erase it first.
#[derive(Debug, Default)]
struct Tally {
    here: BTreeMap<SubmissionId, u64>,
    /// All of them, and what is taken for those that are coming.
    bytes: u64,
    /// How many are coming that are not here in an earlier form.
    coming: u64,
}

impl Tally {
    fn count(&self) -> u64 {
        self.coming.saturating_add(self.here.len() as u64)
    }

    fn grow(&mut self, quota: Quota, wanted: u64) -> Result<(), Full> {
        let after = self.bytes.saturating_add(wanted);
        if quota.bytes_max > 0 && wanted > 0 && after > quota.bytes_max {
            return Err(Full::Bytes { held: self.bytes, wanted, max: quota.bytes_max });
        }
        self.bytes = after;
        Ok(())
    }
}

/// Room for one artifact that is on its way; given back unless it is kept.
#[derive(Debug)]
pub struct Place {
    room: Room,
    tenant: Tenant,
    id: SubmissionId,
    /// Bytes of what stands there already under its name, if something does: they go when it is replaced.
    before: Option<u64>,
    bytes: u64,
    kept: bool,
}

impl Room {
    /// Room of these sizes.
    pub fn new(default: Quota, quotas: BTreeMap<Tenant, Quota>) -> Self {
        Self(Arc::new(Mutex::new(Inner { default, quotas, ..Inner::default() })))
    }

    // Nothing here can panic half way.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is here was counted: it is this, each artifact with its bytes. Nothing was taken before.
    pub fn counted(&self, here: BTreeMap<Tenant, BTreeMap<SubmissionId, u64>>) {
        let tally = |here: BTreeMap<_, u64>| {
            let bytes = here.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
            Tally { here, bytes, coming: 0 }
        };
        let mut inner = self.inner();
        inner.tallies = here.into_iter().map(|(tenant, here)| (tenant, tally(here))).collect();
        inner.counted = true;
    }

    /// How much a tenant may have.
    pub fn quota(&self, tenant: &Tenant) -> Quota {
        let inner = self.inner();
        inner.quotas.get(tenant).copied().unwrap_or(inner.default)
    }

    /// How much a tenant has, what is on its way included; none before it was counted.
    pub fn held(&self, tenant: &Tenant) -> Option<Held> {
        let inner = self.inner();
        let held = |tally: &Tally| Held { bytes: tally.bytes, count: tally.count() };
        inner.counted.then(|| inner.tallies.get(tenant).map(held).unwrap_or_default())
    }

    /// Takes room for an artifact of so many bytes. More may be taken as more comes; what is given again takes what it takes
    /// already.
    ///
    /// # Errors
    /// `Full`.
    pub fn take(&self, tenant: &Tenant, id: SubmissionId, bytes: u64) -> Result<Place, Full> {
        let quota = self.quota(tenant);
        let mut inner = self.inner();
        if !inner.counted {
            return Err(Full::Counting);
        }
        if inner.under_way.contains(&id) {
            return Err(Full::UnderWay);
        }
        let tally = inner.tallies.entry(tenant.clone()).or_default();
        let before = tally.here.get(&id).copied();
        if before.is_none() && quota.count_max > 0 && tally.count() >= quota.count_max {
            return Err(Full::Count { max: quota.count_max });
        }
        tally.grow(quota, bytes.saturating_sub(before.unwrap_or_default()))?;
        tally.coming += u64::from(before.is_none());
        inner.under_way.insert(id);
        drop(inner);
        Ok(Place { room: self.clone(), tenant: tenant.clone(), id, before, bytes, kept: false })
    }

    /// An artifact is gone.
    pub fn gone(&self, tenant: &Tenant, id: SubmissionId) {
        let mut inner = self.inner();
        if let Some(tally) = inner.tallies.get_mut(tenant)
            && let Some(bytes) = tally.here.remove(&id)
        {
            tally.bytes = tally.bytes.saturating_sub(bytes);
        }
    }
}

impl Place {
    /// What it takes of its tenant's bytes.
    fn taken(&self) -> u64 {
        self.bytes.saturating_sub(self.before.unwrap_or_default())
    }

    /// So many bytes have come; they may be more than was said before.
    ///
    /// # Errors
    /// `Full`.
    pub fn reach(&mut self, bytes: u64) -> Result<(), Full> {
        let quota = self.room.quota(&self.tenant);
        let after = bytes.saturating_sub(self.before.unwrap_or_default());
        let wanted = after.saturating_sub(self.taken());
        let mut inner = self.room.inner();
        inner.tallies.entry(self.tenant.clone()).or_default().grow(quota, wanted)?;
        drop(inner);
        self.bytes = self.bytes.max(bytes);
        Ok(())
    }

    /// It is here, with so many bytes.
    pub fn kept(mut self, bytes: u64) {
        let taken = self.taken();
        let mut inner = self.room.inner();
        if let Some(tally) = inner.tallies.get_mut(&self.tenant) {
            // What stands there now may be shorter than what did, or than what was said; and that may be gone by now.
            let before = tally.here.insert(self.id, bytes).unwrap_or_default();
            tally.bytes = tally.bytes.saturating_sub(taken).saturating_add(bytes).saturating_sub(before);
        }
        drop(inner);
        self.kept = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let taken = self.taken();
        let mut inner = self.room.inner();
        inner.under_way.remove(&self.id);
        if let Some(tally) = inner.tallies.get_mut(&self.tenant) {
            tally.coming = tally.coming.saturating_sub(u64::from(self.before.is_none()));
            if !self.kept {
                tally.bytes = tally.bytes.saturating_sub(taken);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crypto::sha256;

    fn id(n: u8) -> SubmissionId {
        SubmissionId::new(sha256(&[n]))
    }

    fn tenant(name: &str) -> Tenant {
        Tenant::parse(name).expect("a name")
    }

    fn room(bytes_max: u64, count_max: u64) -> Room {
        let room = Room::new(Quota { bytes_max, count_max }, BTreeMap::new());
        room.counted(BTreeMap::new());
        room
    }

    fn held(room: &Room) -> (u64, u64) {
        let held = room.held(&tenant("acme")).expect("counted");
        (held.bytes, held.count)
    }

    #[test]
    fn room_is_taken_before_it_is_used_and_given_back_when_it_is_not() {
        let room = room(100, 2);
        let acme = tenant("acme");
        let first = room.take(&acme, id(1), 60).expect("room");
        assert_eq!(held(&room), (60, 1));
        let full = Full::Bytes { held: 60, wanted: 41, max: 100 };
        assert_eq!(room.take(&acme, id(2), 41).err(), Some(full));
        assert_eq!(room.take(&acme, id(1), 1).err(), Some(Full::UnderWay));
        drop(first);
        assert_eq!(held(&room), (0, 0));
        room.take(&acme, id(1), 60).expect("room").kept(60);
        room.take(&acme, id(2), 40).expect("exactly").kept(40);
        assert_eq!(room.take(&acme, id(3), 0).err(), Some(Full::Count { max: 2 }));
        assert!(room.take(&tenant("globex"), id(3), 100).is_ok(), "another tenant has room of its own");
        room.gone(&acme, id(1));
        room.gone(&acme, id(9));
        assert_eq!(held(&room), (40, 1));
    }

    #[test]
    fn what_comes_without_a_length_is_counted_as_it_comes() {
        let room = room(100, 0);
        let acme = tenant("acme");
        let mut place = room.take(&acme, id(1), 0).expect("room");
        place.reach(70).expect("room");
        place.reach(100).expect("room");
        assert_eq!(place.reach(101), Err(Full::Bytes { held: 100, wanted: 1, max: 100 }));
        assert_eq!(held(&room), (100, 1));
        drop(place);
        assert_eq!(held(&room), (0, 0));
        // Less came than was said.
        room.take(&acme, id(1), 90).expect("room").kept(50);
        assert_eq!(held(&room), (50, 1));
    }

    #[test]
    fn what_is_given_again_is_counted_once() {
        let room = room(100, 1);
        let acme = tenant("acme");
        room.take(&acme, id(1), 90).expect("room").kept(90);
        let mut again = room.take(&acme, id(1), 90).expect("it is the same");
        again.reach(90).expect("the same");
        again.kept(90);
        assert_eq!(held(&room), (90, 1));
        drop(room.take(&acme, id(1), 95).expect("room"));
        assert_eq!(held(&room), (90, 1));
        // What stood there was cut off by somebody; what is whole again is counted whole.
        room.counted([(acme.clone(), [(id(1), 10)].into())].into());
        room.take(&acme, id(1), 90).expect("room").kept(90);
        assert_eq!(held(&room), (90, 1));
        // It went while it was coming again.
        let again = room.take(&acme, id(1), 90).expect("room");
        room.gone(&acme, id(1));
        again.kept(90);
        assert_eq!(held(&room), (90, 1));
    }

    #[test]
    fn nothing_is_taken_before_it_is_counted_and_quotas_of_their_own_win() {
        let quotas = [(tenant("acme"), Quota { bytes_max: 5, count_max: 0 })].into();
        let room = Room::new(Quota::default(), quotas);
        let acme = tenant("acme");
        assert_eq!(room.take(&acme, id(1), 1).err(), Some(Full::Counting));
        assert_eq!(room.held(&acme), None);
        room.counted([(acme.clone(), [(id(7), 4)].into())].into());
        assert_eq!(room.take(&acme, id(1), 2).err(), Some(Full::Bytes { held: 4, wanted: 2, max: 5 }));
        assert!(room.take(&tenant("globex"), id(1), u64::MAX).is_ok());
    }
}
