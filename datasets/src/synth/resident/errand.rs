//! What residents buy on an ordinary day, and from where.
//!
//! The kinds of payments have the shares of the settings; bills and subscriptions come apart, as
//! they are monthly. Shops are mostly the favourites of the customer, goods are sent home, tickets
//! are for a journey of weeks from now. Nobody pays a personal code by card.

use super::super::act::Extra;
use super::super::asset::Merchant;
use super::super::market::Trade;
use super::super::stage::Stage;
use super::customer::{Customer, DAY_MS, Spot, Trait};
use super::till::{Means, Purchase};

/// Subscriptions of a customer, and what they cost a month in CNY fen.
const MANDATES: u64 = 2;
const SUBSCRIPTIONS_FEN: [i64; 5] = [1_200, 1_500, 2_500, 3_000, 6_800];
/// Subscriptions are with merchants that come after the favourites.
const FIRST_SUBSCRIBED: u64 = 100;

/// Where a purchase is made from: at the shop, or wherever the customer is.
pub(crate) fn spot_of(stage: &mut Stage<'_>, customer: &Customer, purchase: &Purchase) -> Spot {
    match purchase.merchant.place {
        Some(place) => customer.in_town(stage, place),
        None => customer.at_home(stage),
    }
}

/// Something that a resident buys on an ordinary day.
pub(crate) fn errand_of_the_day(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let kinds = stage.ground.settings.payments.kinds;
    let kind = stage.chance.weigh(&[
        ("merchant_qr_static", kinds.merchant_qr),
        ("payment_code", kinds.payment_code),
        ("transit", kinds.transit),
        ("in_app", kinds.in_app),
        ("travel", kinds.travel),
    ]);
    match kind {
        "transit" => at_a_shop(stage, customer, kind, Trade::Transit),
        "in_app" => online(stage, customer),
        "travel" => ticket(stage, customer),
        _ => {
            let trade = stage.chance.weigh(&[
                (Trade::Food, 0.64),
                (Trade::Retail, 0.33),
                (Trade::Electronics, 0.012),
                (Trade::Hotel, 0.010),
                (Trade::Luxury, 0.004),
                (Trade::Government, 0.004),
            ]);
            at_a_shop(stage, customer, kind, trade)
        }
    }
}

/// A purchase at a counter.
pub(crate) fn at_a_shop(
    stage: &mut Stage<'_>,
    customer: &Customer,
    kind: &'static str,
    trade: Trade,
) -> Option<Purchase> {
    /// Small shops mostly show a printed code, large ones a fresh one for each sale.
    const PRINTED: (f64, f64) = (0.75, 0.10);
    let merchant = customer.shop(stage, trade);
    let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let is_small = matches!(merchant.tier, "micro" | "small");
    let printed = if is_small { PRINTED.0 } else { PRINTED.1 };
    let chance = &mut stage.chance;
    let (kind, extra) = match kind {
        "merchant_qr_static" if !chance.hit(printed) => ("merchant_qr_dynamic", Extra::None),
        "payment_code" => (kind, Extra::Code { age_ms: code_age_ms(stage) }),
        _ => (kind, Extra::None),
    };
    if merchant.is_personal && means != Means::Balance {
        // Personal codes do not take cards, and residents know it.
        return None;
    }
    Some(Purchase { kind, fen, merchant, extra, means, look: None, tries: 0 })
}

/// How long a payment code was on the screen when it was scanned.
fn code_age_ms(stage: &mut Stage<'_>) -> u32 {
    (stage.chance.log_normal(6.5, 0.6) * 1_000.0).min(55_000.0) as u32
}

fn online(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let trade = stage.chance.weigh(&[
        (Trade::InApp, 0.82),
        (Trade::Gaming, 0.12),
        (Trade::GiftCards, 0.02),
        (Trade::Electronics, 0.03),
        (Trade::Government, 0.01),
    ]);
    let merchant = customer.online(stage, trade);
    let fen = stage.ground.market.amount_fen(trade, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let extra = delivery(stage, customer, &merchant, fen);
    Some(Purchase { kind: "in_app", fen, merchant, extra, means, look: None, tries: 0 })
}

/// Goods go home, at times with something off the price.
pub(crate) fn delivery(
    stage: &mut Stage<'_>,
    customer: &Customer,
    merchant: &Merchant,
    fen: i64,
) -> Extra {
    /// Purchases with a discount, which is a share of the price.
    const DISCOUNTED: f64 = 0.22;
    if merchant.goods != "physical" {
        return Extra::None;
    }
    let chance = &mut stage.chance;
    let share = if chance.hit(DISCOUNTED) { 0.03 + 0.15 * chance.unit() } else { 0.0 };
    Extra::Delivery { country: customer.home.country, discount_fen: (fen as f64 * share) as i64 }
}

fn ticket(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let merchant = customer.online(stage, Trade::Travel);
    let fen = stage.ground.market.amount_fen(Trade::Travel, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let chance = &mut stage.chance;
    let lead_days = chance.log_normal(7.0, 1.0).clamp(0.1, 120.0);
    let extra = Extra::Travel {
        departure_ms: stage.now_ms + (lead_days * DAY_MS as f64) as i64,
        passengers: chance.weigh(&[(1, 0.7), (2, 0.22), (4, 0.08)]),
        name_match: chance.weigh(&[("exact", 0.85), ("strong", 0.09), ("none", 0.06)]),
        is_refundable: chance.hit(0.6),
    };
    Some(Purchase { kind: "travel", fen, merchant, extra, means, look: None, tries: 0 })
}

/// A bill of the month.
pub(super) fn bill(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    /// Payees of a customer's bills: electricity, phone, gas.
    const PAYEES: u64 = 3;
    let place = stage.chance.below(PAYEES);
    let ground = stage.ground;
    let mut taste = customer.taste(ground, Trade::Bill, place);
    let merchant = ground.market.online(Trade::Bill, &mut taste, ground.start_ms);
    let fen = ground.market.amount_fen(Trade::Bill, &mut stage.chance);
    let means = Means::choose(stage, customer, fen)?;
    let is_own_name = !stage.chance.hit(0.03);
    let payee = customer.own(Trait::Bill, if is_own_name { place } else { PAYEES });
    let extra = Extra::Bill { payee, is_own_name };
    Some(Purchase { kind: "bill", fen, merchant, extra, means, look: None, tries: 0 })
}

/// A subscription that is debited: the same amount each month.
pub(super) fn subscription(stage: &mut Stage<'_>, customer: &Customer) -> Option<Purchase> {
    let ground = stage.ground;
    let place = stage.chance.below(MANDATES);
    let mandate = customer.own(Trait::Mandate, place);
    let mut taste = customer.taste(ground, Trade::InApp, FIRST_SUBSCRIBED + place);
    let merchant = ground.market.online(Trade::InApp, &mut taste, ground.start_ms);
    let fen = SUBSCRIPTIONS_FEN[mandate as usize % SUBSCRIPTIONS_FEN.len()];
    let means = Means::choose(stage, customer, fen)?;
    let extra = Extra::Mandate { mandate };
    Some(Purchase { kind: "auto_debit", fen, merchant, extra, means, look: None, tries: 0 })
}
