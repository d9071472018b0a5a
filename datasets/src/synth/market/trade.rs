//! The trades and what is the same for all their merchants: category codes, goods, size, number.
//!
//! One row for each trade. Category codes are those of ISO 18245, words those of the event's field
//! table; how many merchants a trade has, and how large they are, are assumptions.

use super::super::settings::{Amount, Amounts};

/// What a merchant sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Trade {
    /// Metro and bus.
    Transit,
    /// Restaurants.
    Food,
    /// Shops of all kinds.
    Retail,
    /// Goods and services in the app; has no place.
    InApp,
    /// Tickets.
    Travel,
    /// Hotels.
    Hotel,
    /// Luxury goods and duty free.
    Luxury,
    /// Phones and computers.
    Electronics,
    /// Jewellery and gold.
    Jewellery,
    /// Gift cards.
    GiftCards,
    /// Games; has no place.
    Gaming,
    /// Utilities.
    Bill,
    /// Fees of the government.
    Government,
}

/// How large merchants of a trade are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// Mostly stalls and family businesses.
    Street,
    /// Mostly houses with staff and terminals.
    House,
    /// A few large operators.
    Institution,
}

/// What is the same for all merchants of a trade.
pub(super) struct Shelf {
    pub(super) mccs: &'static [(u16, f64)],
    pub(super) goods: &'static [(&'static str, f64)],
    pub(super) build: Build,
    /// Share of the shops, with and without a place.
    pub(super) street: f64,
    pub(super) online: f64,
    /// How many there are in a city at least and at most.
    least: u32,
    most: u32,
    /// Whether shops without a place may be abroad.
    pub(super) is_cross_border: bool,
}

impl Trade {
    /// All trades, in order.
    pub(crate) const ALL: [Trade; 13] = [
        Trade::Transit,
        Trade::Food,
        Trade::Retail,
        Trade::InApp,
        Trade::Travel,
        Trade::Hotel,
        Trade::Luxury,
        Trade::Electronics,
        Trade::Jewellery,
        Trade::GiftCards,
        Trade::Gaming,
        Trade::Bill,
        Trade::Government,
    ];

    /// Whether it is sold without a place only.
    pub(crate) fn is_placeless(self) -> bool {
        matches!(self, Trade::InApp | Trade::Gaming)
    }

    pub(super) fn amount(self, amounts: &Amounts) -> Amount {
        match self {
            Trade::Transit => amounts.transit,
            Trade::Food => amounts.food,
            Trade::Retail => amounts.retail,
            Trade::InApp => amounts.in_app,
            Trade::Travel => amounts.travel,
            Trade::Hotel => amounts.hotel,
            Trade::Luxury => amounts.luxury,
            Trade::Electronics => amounts.electronics,
            Trade::Jewellery => amounts.jewellery,
            Trade::GiftCards => amounts.gift_cards,
            Trade::Gaming => amounts.gaming,
            Trade::Bill => amounts.bill,
            Trade::Government => amounts.government,
        }
    }

    pub(super) fn shelf(self) -> &'static Shelf {
        &SHELVES[self as usize]
    }

    /// How many merchants stand for so many, within the limits of the trade.
    pub(super) fn count(self, shops: f64) -> u32 {
        // Far below 2^32, as there are at most two million shops.
        (shops.round() as u32).clamp(self.shelf().least, self.shelf().most)
    }
}

pub(super) const SHELVES: [Shelf; Trade::ALL.len()] = [
    // Transit.
    Shelf {
        mccs: &[(4111, 0.7), (4131, 0.3)],
        goods: &[("ticket", 1.0)],
        build: Build::Institution,
        street: 0.001,
        online: 0.01,
        least: 2,
        most: 4,
        is_cross_border: false,
    },
    // Food.
    Shelf {
        mccs: &[(5812, 0.55), (5814, 0.45)],
        goods: &[("service", 1.0)],
        build: Build::Street,
        street: 0.44,
        online: 0.04,
        least: 8,
        most: u32::MAX,
        is_cross_border: false,
    },
    // Retail.
    Shelf {
        mccs: &[(5411, 0.5), (5311, 0.2), (5651, 0.3)],
        goods: &[("physical", 1.0)],
        build: Build::Street,
        street: 0.38,
        online: 0.22,
        least: 8,
        most: u32::MAX,
        is_cross_border: true,
    },
    // InApp.
    Shelf {
        mccs: &[(5399, 0.7), (5964, 0.3)],
        goods: &[("physical", 0.7), ("digital", 0.3)],
        build: Build::House,
        street: 0.0,
        online: 0.44,
        least: 8,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Travel.
    Shelf {
        mccs: &[(4722, 0.6), (4511, 0.4)],
        goods: &[("ticket", 1.0)],
        build: Build::House,
        street: 0.015,
        online: 0.06,
        least: 2,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Hotel.
    Shelf {
        mccs: &[(7011, 1.0)],
        goods: &[("service", 1.0)],
        build: Build::House,
        street: 0.05,
        online: 0.03,
        least: 3,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Luxury.
    Shelf {
        mccs: &[(5309, 0.6), (5948, 0.4)],
        goods: &[("physical", 1.0)],
        build: Build::House,
        street: 0.02,
        online: 0.02,
        least: 2,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Electronics.
    Shelf {
        mccs: &[(5732, 1.0)],
        goods: &[("physical", 1.0)],
        build: Build::House,
        street: 0.035,
        online: 0.05,
        least: 2,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Jewellery.
    Shelf {
        mccs: &[(5944, 1.0)],
        goods: &[("physical", 1.0)],
        build: Build::House,
        street: 0.025,
        online: 0.01,
        least: 2,
        most: u32::MAX,
        is_cross_border: true,
    },
    // GiftCards.
    Shelf {
        mccs: &[(5947, 1.0)],
        goods: &[("giftcard", 1.0)],
        build: Build::Street,
        street: 0.02,
        online: 0.02,
        least: 2,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Gaming.
    Shelf {
        mccs: &[(5816, 1.0)],
        goods: &[("digital", 1.0)],
        build: Build::House,
        street: 0.0,
        online: 0.06,
        least: 4,
        most: u32::MAX,
        is_cross_border: true,
    },
    // Bill.
    Shelf {
        mccs: &[(4900, 1.0)],
        goods: &[("service", 1.0)],
        build: Build::Institution,
        street: 0.01,
        online: 0.03,
        least: 2,
        most: 20,
        is_cross_border: false,
    },
    // Government.
    Shelf {
        mccs: &[(9399, 1.0)],
        goods: &[("gov", 1.0)],
        build: Build::Institution,
        street: 0.004,
        online: 0.01,
        least: 2,
        most: 20,
        is_cross_border: false,
    },
];
