//! Scenarios: who has a twin, and who hears whom in each scripted view; numbered, so that each can be run again.
//!
//! Leaders go round robin, so "who leads" varies by whose index has the twin, which is the same as to begin the round
//! elsewhere. Two scripts that differ only in the names of instances that play no part of their own are one: twins of one
//! index may change places, and so may honest members who neither lead nor collect in a scripted view.

use proto::id::ValidatorIndex;

/// A size of network and of script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Validators.
    pub members: usize,
    /// How many of them have a twin.
    pub twins: usize,
    /// Scripted views.
    pub views: usize,
    /// Most groups into which the instances fall in a view.
    pub groups: usize,
}

/// Why a shape is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// More twins than a network of this size survives, or a size that this room does not know.
    #[error("{members} members with {twins} twins: known are 4+1, 7+1 and 7+2")]
    Cast {
        /// Members asked for.
        members: usize,
        /// Twins asked for.
        twins: usize,
    },
    /// Too many views or groups for numbers of 128 bits.
    #[error("{views} views in up to {groups} groups: known are 1 to 9 views, 2 or 3 groups")]
    Script {
        /// Views asked for.
        views: usize,
        /// Groups asked for.
        groups: usize,
    },
}

/// All scenarios of a shape.
#[derive(Clone, Debug)]
pub struct Space {
    /// The shape.
    pub shape: Shape,
    /// Which indices have a twin, each way once.
    casts: Vec<Vec<usize>>,
    /// The groups of one view, each way once: for each instance the number of its group, by first member.
    partitions: Vec<Vec<u8>>,
}

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its number in its space.
    pub number: u128,
    /// For each instance, whose key it holds: members first, then the twins.
    pub indices: Vec<ValidatorIndex>,
    /// For each scripted view, from 1 on, the group of each instance.
    pub groups: Vec<Vec<u8>>,
}

impl Space {
    /// The space of a shape.
    ///
    /// # Errors
    /// `ShapeError` for a shape that is unknown here.
    pub fn new(shape: Shape) -> Result<Self, ShapeError> {
        let Shape { members, twins, views, groups } = shape;
        let casts: Vec<Vec<usize>> = match (members, twins) {
            (4, 1) | (7, 1) => (0..members).map(|first| vec![first]).collect(),
            // Pairs, by the first and the distance to the second: each pair once.
            (7, 2) => {
                (0..7).flat_map(|first| (1..=3).map(move |step| vec![first, (first + step) % 7])).collect()
            }
            _ => return Err(ShapeError::Cast { members, twins }),
        };
        if !(1..=9).contains(&views) || !(2..=3).contains(&groups) {
            return Err(ShapeError::Script { views, groups });
        }
        let mut partitions = Vec::new();
        divide(members + twins, groups as u8, &mut Vec::new(), &mut partitions);
        Ok(Self { shape, casts, partitions })
    }

    /// How many numbers there are.
    pub fn size(&self) -> u128 {
        (0..self.shape.views)
            .fold(self.casts.len() as u128, |size, _| size.saturating_mul(self.partitions.len() as u128))
    }

    /// The scenario of a number, taken modulo the size.
    pub fn scenario(&self, number: u128) -> Scenario {
        let number = number % self.size();
        let casts = self.casts.len() as u128;
        let cast = &self.casts[(number % casts) as usize];
        let mut rest = number / casts;
        let mut groups = Vec::with_capacity(self.shape.views);
        for _ in 0..self.shape.views {
            groups.push(self.partitions[(rest % self.partitions.len() as u128) as usize].clone());
            rest /= self.partitions.len() as u128;
        }
        let indices = (0..self.shape.members).chain(cast.iter().copied());
        let indices = indices.map(|index| ValidatorIndex::new(index as u16)).collect();
        Scenario { number, indices, groups }
    }

    /// The least number of all scenarios that differ from this one by names only.
    pub fn canonical(&self, number: u128) -> u128 {
        let scenario = self.scenario(number);
        let cast = number % self.casts.len() as u128;
        let orders = self.renamings(&scenario);
        let numbers = orders.iter().map(|order| {
            let digits = scenario.groups.iter().map(|group| self.position(group, order));
            let base = self.partitions.len() as u128;
            digits.rev().fold(0_u128, |sum, digit| sum * base + digit) * self.casts.len() as u128 + cast
        });
        numbers.min().unwrap_or(number)
    }

    /// The number of the partition that `group` becomes when instance `at` takes the place of `order[at]`.
    fn position(&self, group: &[u8], order: &[usize]) -> u128 {
        let mut names: Vec<u8> = Vec::new();
        let renamed: Vec<u8> = order
            .iter()
            .map(|at| {
                let found = names.iter().position(|name| *name == group[*at]).unwrap_or_else(|| {
                    names.push(group[*at]);
                    names.len() - 1
                });
                found as u8
            })
            .collect();
        let found = self.partitions.binary_search(&renamed);
        found.expect("`divide` made every partition, in order") as u128
    }

    /// All ways to rename instances that change nothing.
    fn renamings(&self, scenario: &Scenario) -> Vec<Vec<usize>> {
        let Shape { members, twins, views, groups: _ } = self.shape;
        let mut orders: Vec<Vec<usize>> = vec![(0..members + twins).collect()];
        for twin in members..members + twins {
            let half = usize::from(scenario.indices[twin].get());
            with_swap(&mut orders, half, twin);
        }
        // View v is led by v mod n, and its votes are collected by the leader of v + 1 too.
        let plays = |index: usize| (1..=views + 1).any(|view| view % members == index);
        let twin = |index: usize| scenario.indices[members..].iter().any(|it| usize::from(it.get()) == index);
        let extras: Vec<usize> = (0..members).filter(|index| !plays(*index) && !twin(*index)).collect();
        for (position, first) in extras.iter().enumerate() {
            for second in &extras[position + 1..] {
                with_swap(&mut orders, *first, *second);
            }
        }
        orders
    }
}

/// Adds, for each order, the one with two places exchanged.
fn with_swap(orders: &mut Vec<Vec<usize>>, a: usize, b: usize) {
    for position in 0..orders.len() {
        let mut order = orders[position].clone();
        order.swap(a, b);
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
}

/// All ways to divide `left` more instances into groups named in the order of their first member.
fn divide(left: usize, groups: u8, begun: &mut Vec<u8>, found: &mut Vec<Vec<u8>>) {
    if left == 0 {
        return found.push(begun.clone());
    }
    let next = begun.iter().max().map_or(0, |most| most + 1);
    for group in 0..=next.min(groups - 1) {
        begun.push(group);
        divide(left - 1, groups, begun, found);
        begun.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(members: usize, twins: usize, views: usize, groups: usize) -> Space {
        Space::new(Shape { members, twins, views, groups }).expect("a known shape")
    }

    #[test]
    fn partitions_are_counted_by_stirling() {
        assert_eq!(space(4, 1, 1, 2).partitions.len(), 1 + 15);
        assert_eq!(space(4, 1, 1, 3).partitions.len(), 1 + 15 + 25);
        assert_eq!(space(7, 2, 1, 3).partitions.len(), 1 + 255 + 3_025);
        assert_eq!(space(4, 1, 4, 2).size(), 4 * 16_u128.pow(4));
        assert_eq!(space(7, 2, 1, 2).casts.len(), 21, "each pair of seven");
        assert!(Space::new(Shape { members: 4, twins: 2, views: 4, groups: 2 }).is_err());
        assert!(Space::new(Shape { members: 4, twins: 1, views: 10, groups: 2 }).is_err());
    }

    #[test]
    fn names_alone_make_no_other_scenario() {
        let space = space(4, 1, 2, 2);
        let mut classes = 0;
        for number in 0..space.size() {
            let least = space.canonical(number);
            assert!(least <= number);
            assert_eq!(space.canonical(least), least, "of {number}");
            assert_eq!(space.scenario(least).indices, space.scenario(number).indices);
            classes += u32::from(least == number);
        }
        // Of 256 scripts for each of four casts, the two twins change places; a script is its own mirror if they stand
        // together in both views: 8 * 8. With index 0 idle in views 1 to 3 there is nobody to change places with.
        assert_eq!(classes, 4 * (256 + 64) / 2);
    }

    #[test]
    fn idle_members_change_places() {
        // Views 1 and 2 of seven: 1, 2 and 3 lead or collect; 0, 4, 5, 6 are idle, but one may have a twin.
        let space = space(7, 1, 2, 2);
        let scenario = space.scenario(1);
        assert_eq!(scenario.indices[7].get(), 1);
        assert_eq!(space.renamings(&scenario).len(), 2 * 24);
    }
}
