//! What travellers buy, what they pay with, and what they do when it does not go through.
//!
//! A payment is drawn when its moment comes: its kind by the mix of the world, then trade, shop,
//! amount and means. A ride is paid twice, out and back. After an issuer's refusal most try again
//! with their own cards, other amounts or somebody's phone (L05); after a stop by the wallet nearly
//! half do so later, the others go on with their day, or are through with the app for today. What is
//! bought is sometimes brought back, and the tax on something dear is refunded at the airport.

use super::surroundings::Spot;
use super::{
    Act, Bearing, DAY_MS, Ending, HOUR_MS, Habit, LookAlike, MINUTE_MS, Persona, SECOND_MS, Stage,
    Story, TRIES_AGAIN, Trade, Traveller, people,
};
use crate::synth::act::{Extra, Funding, Pay, Refusal};
use crate::synth::asset::{Account, Card, Merchant, Place};
use crate::synth::chance::{Chance, mix};
use crate::synth::stage::Actor;

/// What is bought at a code or terminal, with its weight.
const IN_TOWN: [(Trade, f64); 7] = [
    (Trade::Food, 0.545),
    (Trade::Retail, 0.395),
    (Trade::Hotel, 0.025),
    (Trade::Government, 0.020),
    (Trade::Electronics, 0.008),
    (Trade::Luxury, 0.004),
    (Trade::Jewellery, 0.003),
];
/// What is bought in the app, with its weight.
const IN_APP: [(Trade, f64); 6] = [
    (Trade::InApp, 0.66),
    (Trade::Food, 0.13),
    (Trade::Retail, 0.11),
    (Trade::Gaming, 0.04),
    (Trade::Government, 0.04),
    (Trade::GiftCards, 0.02),
];
/// One dear thing.
const DEAR: [(Trade, f64); 3] =
    [(Trade::Luxury, 0.45), (Trade::Electronics, 0.35), (Trade::Jewellery, 0.20)];
/// When it is bought: at each payment, until it is. It costs at least so much, in CNY fen.
const DEAR_NOW: f64 = 0.07;
const DEAR_LEAST_FEN: i64 = 900_00;
/// What remains of the tax that comes back, as a share of the price.
const TAX_BACK: f64 = 0.09;
/// Of the codes that are scanned, those that are printed.
const PRINTED: f64 = 0.45;
/// Conversions at the point of sale, in hotels and shops for luxury.
const DCC: f64 = 0.10;
/// How late a shown code is used: median and deviation of its logarithm.
const CODE_MS: (f64, f64) = (6_500.0, 0.7);
/// Tickets: lead in hours, median and deviation of its logarithm, least and most.
const LEAD_H: (f64, f64, f64, f64) = (70.0, 1.1, 1.5, 1_400.0);
/// Tickets for friends: bought at each payment by those who do, with a lead in days.
const FRIENDS_NOW: f64 = 0.05;
const FRIENDS_LEAD_D: (i64, i64) = (14, 50);
/// Payments up to this amount cost no fee, in CNY fen; what is split, and into how much.
const FEE_FREE_FEN: i64 = 200_00;
const SPLIT_MOST_FEN: i64 = 1_200_00;
/// A ride: minutes until the way back is paid.
const RIDE_MIN: (i64, i64) = (9, 55);
/// Rides among ordinary payments, as a multiple of their share of all payments.
const RIDES: f64 = 1.18;
/// The usual card pays, the pass if it can, the balance if it can.
const USUAL_CARD: f64 = 0.87;
const PASS_PAYS: f64 = 0.75;
const BALANCE_PAYS: f64 = 0.5;
/// A gift to somebody from the balance, at each payment while there is one.
const GIVES: f64 = 0.02;
/// Shops that are looked at when the last payment was just now: the nearest is taken.
const NEAR_MS: i64 = 30 * MINUTE_MS;
const NEAR_DRAWS: u32 = 4;
/// Visitors who hold a card to a personal code all the same, and shops tried instead at most.
const TRIES_PERSONAL: f64 = 0.05;
const ELSEWHERE_DRAWS: u32 = 4;

/// After an issuer's refusal: tries at most, those who go on, and those on another phone.
const REFUSED_TRIES: u8 = 3;
const REFUSED_INSISTS: f64 = 0.72;
const OTHER_PHONE: f64 = 0.08;
/// Short of money: those who pay less, not by another card.
const SHORT_PAYS_LESS: f64 = 0.55;
/// After a stop by the wallet: another card, or less; those who are through for the day.
const STOPPED_TRIES: u8 = 2;
const STOPPED_OTHER_CARD: f64 = 0.35;
const STOPPED_LESS: f64 = 0.25;
const THROUGH: f64 = 0.15;

/// Goods and tickets that go back.
const RETURNED: f64 = 0.015;
/// Names of streams of chance.
const OTHER: u64 = 0x6f74_6865;
const MANDATE: u64 = 0x6d61_6e64;

/// What pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// The linked card with this key.
    Card(u64),
    Pass,
    Balance,
}

/// Something to be bought.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purchase {
    kind: &'static str,
    trade: Trade,
    fen: i64,
    /// What is still to be paid afterwards, in further payments at the same shop.
    rest_fen: i64,
    merchant: Merchant,
    extra: Extra,
    means: Means,
    /// What it looks like; `None` leaves that to the moment.
    look: Option<LookAlike>,
    tries: u8,
    /// Paid on somebody else's phone.
    is_on_other_phone: bool,
}

/// A purchase that goes on later.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) at_ms: i64,
    purchase: Purchase,
    /// An own card that is linked before, by its index.
    link: Option<u64>,
}

impl Traveller {
    /// The next payment of the plan.
    pub(super) fn errand(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        self.plan.next += 1;
        let account = self.account(stage)?;
        let (balance_fen, has_means) = (account.balance_fen, can_pay(account));
        if 100_00 <= balance_fen && stage.chance.hit(GIVES) {
            return self.give(stage, balance_fen);
        }
        if !has_means {
            return self.resume(stage.now_ms);
        }
        let purchase = self.draw(stage)?;
        if self.must_prove(stage, &purchase) {
            // The wallet asks for the passport before the purchase, not for each one after it.
            self.was_asked = true;
            self.todo.add(super::setup::Task::Prove);
            return self.wait(stage, stage.now_ms, 240.0, purchase, None);
        }
        self.pay(stage, purchase)
    }

    /// Whether this is too much for somebody without a known identity, or so dear that the shop's
    /// own papers, for the tax, want the passport anyway.
    fn must_prove(&self, stage: &Stage<'_>, purchase: &Purchase) -> bool {
        let Some(account) = stage.accounts.get(self.visit.account) else { return false };
        let cents = account.ytd_cents + stage.ground.rates.cents(purchase.fen, stage.now_ms);
        let is_much = account.kyc < 2 && people::IDENTITY_CENTS < cents;
        let is_dear = account.kyc < 3 && purchase.look == Some(LookAlike::LuxuryShopper);
        !self.was_asked && (is_much || is_dear)
    }

    /// What was left for later.
    pub(super) fn again(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let Some(pending) = self.pending.take() else { return self.resume(stage.now_ms) };
        let Pending { mut purchase, link, .. } = *pending;
        let Some(index) = link else { return self.pay(stage, purchase) };
        let card = people::own_card(stage.ground, self.account(stage)?, index);
        let bearing = self.bearing(stage, self.spot(&purchase))?;
        let end = self.link_card(stage, &bearing, &card, purchase.tries + 1);
        if end.ending.is_done() {
            purchase.means = Means::Card(card.key);
            return self.wait(stage, end.at_ms, 25.0, purchase, None);
        }
        self.left_in_pocket |= 1 << index;
        self.resume(end.at_ms)
    }

    fn spot(&self, purchase: &Purchase) -> Spot {
        purchase.merchant.place.map_or(Spot::Indoors, Spot::Town)
    }

    /// Puts a purchase off by about so many seconds.
    fn wait(
        &mut self,
        stage: &mut Stage<'_>,
        known_ms: i64,
        median_s: f64,
        purchase: Purchase,
        link: Option<u64>,
    ) -> Option<i64> {
        let pause_ms = stage.chance.log_normal(median_s * SECOND_MS as f64, 0.7) as i64;
        let at_ms = known_ms + pause_ms + 4 * SECOND_MS;
        self.pending = Some(Box::new(Pending { at_ms, purchase, link }));
        self.resume(known_ms)
    }

    /// Draws a purchase.
    fn draw(&mut self, stage: &mut Stage<'_>) -> Option<Purchase> {
        let habits = self.visit.habits;
        let purchase = if self.rides_back {
            self.rides_back = false;
            self.buy(stage, "transit", Trade::Transit)
        } else if self.is_awake_at_night(stage.now_ms) {
            let is_delivered = stage.chance.hit(0.4);
            let kind = if is_delivered { "in_app" } else { "merchant_qr_dynamic" };
            let meal = self.buy(stage, kind, Trade::Food);
            Purchase { look: Some(LookAlike::NightOwl), ..meal }
        } else if self.is_in_a_hurry(stage) {
            self.draw_in_town(stage, "merchant_qr_dynamic")
        } else if habits.has(Habit::Luxury) && !self.has_splurged && stage.chance.hit(DEAR_NOW) {
            self.has_splurged = true;
            let trade = stage.chance.weigh(&DEAR);
            let dear = self.buy(stage, "merchant_qr_dynamic", trade);
            let fen = dear.fen.max(DEAR_LEAST_FEN);
            Purchase { fen, look: Some(LookAlike::LuxuryShopper), ..dear }
        } else if habits.has(Habit::Friends) && stage.chance.hit(FRIENDS_NOW) {
            self.draw_for_friends(stage)
        } else {
            self.draw_kind(stage)
        };
        let means = self.choose(stage, purchase.fen)?;
        Some(self.split(Purchase { means, ..purchase }))
    }

    fn is_in_a_hurry(&self, stage: &Stage<'_>) -> bool {
        let has_landed = stage.now_ms < self.visit.arrival_ms + super::LANDED_MS;
        has_landed && self.visit.habits.has(Habit::Hurries)
    }

    fn draw_kind(&mut self, stage: &mut Stage<'_>) -> Purchase {
        let kinds = stage.ground.settings.payments.kinds;
        // A ride makes two payments, and hurries and nights know no rides.
        if stage.chance.hit(RIDES * kinds.transit / (2.0 - kinds.transit)) {
            let ride = self.buy(stage, "transit", Trade::Transit);
            self.ride_back(stage);
            return ride;
        }
        match stage.chance.weighted(
            [
                kinds.merchant_qr,
                kinds.payment_code,
                kinds.in_app,
                kinds.travel,
                kinds.bill,
                kinds.other,
            ]
            .into_iter(),
        ) {
            0 if stage.chance.hit(PRINTED) => self.draw_in_town(stage, "merchant_qr_static"),
            0 => self.draw_in_town(stage, "merchant_qr_dynamic"),
            1 => self.draw_in_town(stage, "payment_code"),
            2 => self.draw_in_app(stage),
            3 => self.draw_ticket(stage),
            4 => {
                let bill = self.buy(stage, "bill", Trade::Bill);
                let payee = mix(bill.merchant.key, self.visit.account) >> 4;
                let is_own_name = stage.chance.hit(0.72);
                Purchase { extra: Extra::Bill { payee, is_own_name }, ..bill }
            }
            _ => {
                let ride = self.buy(stage, "auto_debit", Trade::InApp);
                let mandate = mix(self.visit.account, MANDATE) >> 4;
                Purchase { extra: Extra::Mandate { mandate }, ..ride }
            }
        }
    }

    /// The next payment of the day becomes the way back.
    fn ride_back(&mut self, stage: &mut Stage<'_>) {
        let after_ms = stage.chance.between(RIDE_MIN.0, RIDE_MIN.1) * MINUTE_MS;
        self.rides_back = self.plan.shift(stage.now_ms - self.day_ms() + after_ms);
    }

    fn draw_in_town(&self, stage: &mut Stage<'_>, kind: &'static str) -> Purchase {
        let trade = stage.chance.weigh(&IN_TOWN);
        let bought = self.buy(stage, kind, trade);
        let converts = matches!(trade, Trade::Hotel | Trade::Luxury) && stage.chance.hit(DCC);
        let extra = if kind == "payment_code" {
            let age_ms = stage.chance.log_normal(CODE_MS.0, CODE_MS.1);
            Extra::Code { age_ms: age_ms.clamp(900.0, 58_000.0) as u32 }
        } else if converts {
            Extra::Dcc
        } else {
            Extra::None
        };
        Purchase { extra, ..bought }
    }

    fn draw_in_app(&self, stage: &mut Stage<'_>) -> Purchase {
        let trade = stage.chance.weigh(&IN_APP);
        let bought = self.buy(stage, "in_app", trade);
        let is_sent = bought.merchant.goods == "physical" && stage.chance.hit(0.6);
        if !is_sent {
            return bought;
        }
        let country = if stage.chance.hit(0.9) { self.stay.country } else { self.visit.home };
        let is_reduced = stage.chance.hit(0.2);
        let share = if is_reduced { 0.05 + 0.2 * stage.chance.unit() } else { 0.0 };
        let discount_fen = (bought.fen as f64 * share) as i64;
        Purchase { extra: Extra::Delivery { country, discount_fen }, ..bought }
    }

    fn draw_ticket(&self, stage: &mut Stage<'_>) -> Purchase {
        let bought = self.buy(stage, "travel", Trade::Travel);
        let chance = &mut stage.chance;
        let (median, sigma, least, most) = LEAD_H;
        let lead_h = chance.log_normal(median, sigma).clamp(least, most);
        let extra = Extra::Travel {
            departure_ms: stage.now_ms + (lead_h * HOUR_MS as f64) as i64,
            passengers: chance.weigh(&[(1, 0.62), (2, 0.27), (3, 0.07), (4, 0.04)]),
            name_match: chance.weigh(&[
                ("exact", 0.84),
                ("strong", 0.10),
                ("weak", 0.04),
                ("none", 0.02),
            ]),
            is_refundable: chance.hit(0.55),
        };
        Purchase { extra, ..bought }
    }

    fn draw_for_friends(&self, stage: &mut Stage<'_>) -> Purchase {
        let bought = self.buy(stage, "travel", Trade::Travel);
        let chance = &mut stage.chance;
        let passengers = chance.between(3, 6);
        let lead_ms = chance.between(FRIENDS_LEAD_D.0 * 24, FRIENDS_LEAD_D.1 * 24) * HOUR_MS;
        let extra = Extra::Travel {
            departure_ms: stage.now_ms + lead_ms,
            passengers: passengers as u8,
            name_match: chance.weigh(&[("none", 0.72), ("weak", 0.2), ("strong", 0.08)]),
            is_refundable: chance.hit(0.4),
        };
        let fen = bought.fen * passengers / 2;
        Purchase { extra, fen, look: Some(LookAlike::TicketsForFriends), ..bought }
    }

    /// A purchase of a trade in town, or in the app.
    fn buy(&self, stage: &mut Stage<'_>, kind: &'static str, trade: Trade) -> Purchase {
        let (ground, now_ms) = (stage.ground, stage.now_ms);
        let is_placeless = matches!(kind, "in_app" | "travel" | "bill" | "auto_debit");
        let merchant = if is_placeless {
            ground.market.online(trade, &mut stage.chance, now_ms)
        } else {
            self.shop(stage, trade)
        };
        let fen = ground.market.amount_fen(trade, &mut stage.chance);
        Purchase {
            kind,
            trade,
            fen,
            rest_fen: 0,
            merchant,
            extra: Extra::None,
            means: Means::Balance,
            look: None,
            tries: 0,
            is_on_other_phone: false,
        }
    }

    /// A shop of the city; one nearby when the last payment was just now.
    fn shop(&self, stage: &mut Stage<'_>, trade: Trade) -> Merchant {
        let (ground, now_ms) = (stage.ground, stage.now_ms);
        let city = self.stay.city;
        let mut found = ground.market.shop(city, trade, &mut stage.chance, now_ms);
        // Personal codes take no cards; most visitors are told so before they pay.
        for _ in 0..ELSEWHERE_DRAWS {
            if !found.is_personal || stage.chance.hit(TRIES_PERSONAL) {
                break;
            }
            found = ground.market.shop(city, trade, &mut stage.chance, now_ms);
        }
        if now_ms - self.last_ms < NEAR_MS {
            for _ in 1..NEAR_DRAWS {
                let other = ground.market.shop(city, trade, &mut stage.chance, now_ms);
                if !other.is_personal && self.distance(&other) < self.distance(&found) {
                    found = other;
                }
            }
        }
        found
    }

    /// How far a merchant is, in thousandths of a degree along both axes.
    fn distance(&self, merchant: &Merchant) -> i32 {
        let here = self.stay.place;
        let far =
            |place: Place| (place.lat_e3 - here.lat_e3).abs() + (place.lon_e3 - here.lon_e3).abs();
        merchant.place.map_or(0, far)
    }

    /// What pays so much; `None` when nothing can.
    fn choose(&self, stage: &mut Stage<'_>, fen: i64) -> Option<Means> {
        let (account, chance) = (stage.accounts.get(self.visit.account)?, &mut stage.chance);
        let has_cards = !account.cards.is_empty();
        let pass_fen = account.pass.map_or(0, |pass| pass.balance_fen);
        if fen <= pass_fen && (!has_cards || chance.hit(PASS_PAYS)) {
            return Some(Means::Pass);
        }
        if fen <= account.balance_fen && (!has_cards || chance.hit(BALANCE_PAYS)) {
            return Some(Means::Balance);
        }
        let usual = chance.hit(USUAL_CARD);
        let other = chance.below(account.cards.len() as u64) as usize;
        account.cards.get(if usual { 0 } else { other }).map(|card| Means::Card(card.key))
    }

    /// Splits a larger purchase into payments without a fee, for those who do that.
    fn split(&self, purchase: Purchase) -> Purchase {
        let is_split = self.visit.habits.has(Habit::Splits)
            && matches!(purchase.means, Means::Card(_))
            && purchase.merchant.place.is_some()
            && FEE_FREE_FEN < purchase.fen
            && purchase.fen <= SPLIT_MOST_FEN;
        if !is_split {
            return purchase;
        }
        let rest_fen = purchase.fen - FEE_FREE_FEN;
        let look = Some(LookAlike::FeeSplitter);
        Purchase { fen: FEE_FREE_FEN, rest_fen, look, ..purchase }
    }

    /// Tries to pay.
    fn pay(&mut self, stage: &mut Stage<'_>, purchase: Purchase) -> Option<i64> {
        let account = self.account(stage)?;
        let card = match purchase.means {
            Means::Card(key) => account.cards.iter().find(|card| card.key == key).copied(),
            Means::Pass | Means::Balance => None,
        };
        let funding = match (purchase.means, &card) {
            (Means::Card(_), Some(card)) => Funding::Card(card),
            (Means::Card(_), None) => return self.resume(stage.now_ms),
            (Means::Pass, _) => Funding::Pass,
            (Means::Balance, _) => Funding::Balance,
        };
        let mut bearing = self.bearing(stage, self.spot(&purchase))?;
        if purchase.is_on_other_phone {
            bearing.device = self.other_phone(stage);
        }
        if let Some(look) = purchase.look {
            bearing.story = Story::like(look);
        }
        let Purchase { kind, fen, extra, .. } = purchase;
        let pay = Pay { kind, fen, funding, merchant: &purchase.merchant, extra };
        let end = stage.attempt(&self.who(&bearing), &Act::Pay(pay));
        self.last_ms = stage.now_ms;
        match end.ending {
            Ending::Done => self.after_payment(stage, purchase, card, end.event, end.at_ms),
            Ending::Held => self.resume(end.at_ms),
            Ending::Void if card.is_some() => self.tomorrow(end.at_ms),
            Ending::Void => match self.other_card(stage, None) {
                Some(card) if purchase.tries == 0 => {
                    let means = Means::Card(card.key);
                    self.wait(
                        stage,
                        end.at_ms,
                        15.0,
                        Purchase { means, tries: 1, ..purchase },
                        None,
                    )
                }
                Some(_) | None => self.resume(end.at_ms),
            },
            Ending::Refused(refusal) => self.after_refusal(stage, purchase, refusal, end.at_ms),
            Ending::Blocked | Ending::Failed | Ending::Abandoned => {
                self.after_stop(stage, purchase, end.at_ms)
            }
        }
    }

    /// It is paid: the next part, perhaps a return.
    fn after_payment(
        &mut self,
        stage: &mut Stage<'_>,
        purchase: Purchase,
        card: Option<Card>,
        event: u64,
        at_ms: i64,
    ) -> Option<i64> {
        let refund = Refund {
            account: self.visit.account,
            payment: event,
            original_fen: purchase.fen,
            fen: purchase.fen,
            reason: "goods_returned",
            by: "merchant",
            merchant: purchase.merchant,
            card,
            story: Story::HONEST,
        };
        if purchase.look == Some(LookAlike::LuxuryShopper) {
            let fen = (purchase.fen as f64 * TAX_BACK) as i64;
            let story = Story::like(LookAlike::LuxuryShopper);
            let back = Refund { fen, reason: "other", story, ..refund };
            let airport_ms = self.visit.leave_ms - 40 * MINUTE_MS;
            stage.spawn(airport_ms.max(at_ms + MINUTE_MS), Box::new(back));
        } else if 0 == purchase.rest_fen {
            refund.perhaps(stage, purchase.trade, self.visit.leave_ms);
        }
        if purchase.rest_fen <= 0 {
            return self.resume(at_ms);
        }
        let fen = purchase.rest_fen.min(FEE_FREE_FEN);
        let rest_fen = purchase.rest_fen - fen;
        self.wait(stage, at_ms, 24.0, Purchase { fen, rest_fen, tries: 0, ..purchase }, None)
    }

    /// The issuer refused: once more, by another card, for less, or not at all.
    fn after_refusal(
        &mut self,
        stage: &mut Stage<'_>,
        purchase: Purchase,
        refusal: Refusal,
        at_ms: i64,
    ) -> Option<i64> {
        if REFUSED_TRIES <= purchase.tries || !stage.chance.hit(REFUSED_INSISTS) {
            return self.resume(at_ms);
        }
        let look = purchase.look.or(Some(LookAlike::IssuerDeclineRetry));
        let next = Purchase { tries: purchase.tries + 1, look, rest_fen: 0, ..purchase };
        self.clear_caches(stage);
        let pays_less = match refusal {
            Refusal::Technical => return self.wait(stage, at_ms, 150.0, next, None),
            Refusal::Funds => stage.chance.hit(SHORT_PAYS_LESS),
            Refusal::NotPermitted
            | Refusal::Suspicion
            | Refusal::Blocked
            | Refusal::Data
            | Refusal::Other => false,
        };
        if pays_less {
            let less = next.for_less(&mut stage.chance);
            return self.wait(stage, at_ms, 45.0, less, None);
        }
        let is_on_other_phone = next.is_on_other_phone || stage.chance.hit(OTHER_PHONE);
        let next = Purchase { is_on_other_phone, ..next };
        if let Some(card) = self.other_card(stage, Some(next.means)) {
            let next = Purchase { means: Means::Card(card.key), ..next };
            return self.wait(stage, at_ms, 70.0, next, None);
        }
        if let Some(index) = self.unlinked(stage) {
            return self.wait(stage, at_ms, 120.0, next, Some(index));
        }
        if refusal.is_final() {
            return self.resume(at_ms);
        }
        // A call to the bank, or a smaller sum, helps at times.
        let is_less = stage.chance.hit(0.5);
        let next = if is_less { next.for_less(&mut stage.chance) } else { next };
        self.wait(stage, at_ms, 400.0, next, None)
    }

    /// The wallet stopped it: later again, or on with the day, or no more of this today.
    fn after_stop(&mut self, stage: &mut Stage<'_>, purchase: Purchase, at_ms: i64) -> Option<i64> {
        if purchase.tries < STOPPED_TRIES && stage.chance.hit(TRIES_AGAIN) {
            let mut next = Purchase { tries: purchase.tries + 1, rest_fen: 0, ..purchase };
            let lot = stage.chance.unit();
            if lot < STOPPED_OTHER_CARD {
                if let Some(card) = self.other_card(stage, Some(next.means)) {
                    next.means = Means::Card(card.key);
                }
            } else if lot < STOPPED_OTHER_CARD + STOPPED_LESS {
                next = next.for_less(&mut stage.chance);
            }
            return self.wait(stage, at_ms, 900.0, next, None);
        }
        if stage.chance.hit(THROUGH) {
            return self.tomorrow(at_ms);
        }
        self.resume(at_ms)
    }

    /// A linked card other than what was used.
    fn other_card(&self, stage: &mut Stage<'_>, used: Option<Means>) -> Option<Card> {
        let cards = &stage.accounts.get(self.visit.account)?.cards;
        let others = cards.iter().filter(|card| used != Some(Means::Card(card.key)));
        let place = stage.chance.below(others.clone().count() as u64) as usize;
        others.clone().nth(place).copied()
    }

    /// The index of an own card that is not linked and may still be.
    fn unlinked(&self, stage: &Stage<'_>) -> Option<u64> {
        let account = self.account(stage)?;
        let in_hand = |index: &u64| self.left_in_pocket & 1 << index == 0;
        (0..people::pocket(account)).filter(in_hand).find(|index| {
            let card = people::own_card(stage.ground, account, *index);
            account.cards.iter().all(|linked| linked.key != card.key)
        })
    }

    /// The tablet at the hotel, or the phone of whoever travels along: always the same one.
    fn other_phone(&self, stage: &mut Stage<'_>) -> super::Device {
        let own = Chance::of(stage.ground.seed, &[OTHER, self.visit.account]);
        let step = std::mem::replace(&mut stage.chance, own);
        let mut phone = people::companion_phone(stage, self.visit.home);
        stage.chance = step;
        phone.tz_offset_min = stage.ground.atlas.tz_offset_min(self.stay.country);
        phone.is_roaming = phone.sim_country != self.stay.country;
        phone
    }

    /// Something from the balance for somebody one knows.
    fn give(&mut self, stage: &mut Stage<'_>, balance_fen: i64) -> Option<i64> {
        let bearing = self.bearing(stage, Spot::Indoors)?;
        let is_envelope = self.visit.persona == Persona::Family && stage.chance.hit(0.3);
        let created_ms = self.account(stage)?.created_ms;
        let envelope = stage.key();
        let chance = &mut stage.chance;
        let fen = (chance.log_normal(66_00.0, 0.8) as i64).clamp(100, balance_fen) / 100 * 100;
        let to = mix(self.visit.account, 100 + chance.below(3)) >> 4;
        let known = created_ms + (to % (20 * DAY_MS) as u64) as i64;
        let act = if is_envelope {
            Act::SendEnvelope { envelope, fen, shares: 1, group: 0, to }
        } else {
            Act::Transfer {
                to,
                kind: chance.weigh(&[("wallet", 0.9), ("bank", 0.1)]),
                fen,
                known_since_ms: if known < stage.now_ms { known } else { 0 },
                memo: chance.weigh(&[("none", 0.8), ("goods", 0.2)]),
                funding: Funding::Balance,
            }
        };
        let end = stage.attempt(&self.who(&bearing), &act);
        self.resume(end.at_ms)
    }
}

/// Whether anything in the wallet can pay.
fn can_pay(account: &Account) -> bool {
    !account.cards.is_empty() || 0 < account.balance_fen || account.pass.is_some()
}

impl Purchase {
    fn for_less(self, chance: &mut Chance) -> Purchase {
        let fen = (self.fen as f64 * (0.3 + 0.4 * chance.unit())) as i64;
        Purchase { fen: fen.max(100).min(self.fen), ..self }
    }
}

/// Money that comes back, days later.
#[derive(Debug, Clone, Copy)]
struct Refund {
    account: u64,
    payment: u64,
    original_fen: i64,
    fen: i64,
    reason: &'static str,
    by: &'static str,
    merchant: Merchant,
    card: Option<Card>,
    story: Story,
}

impl Refund {
    /// Some goods and tickets go back, as long as their buyer has an account.
    fn perhaps(self, stage: &mut Stage<'_>, trade: Trade, leave_ms: i64) {
        let goes_back = matches!(trade, Trade::Retail | Trade::Travel | Trade::InApp);
        if !goes_back || !stage.chance.hit(RETURNED) {
            return;
        }
        let is_part = stage.chance.hit(0.25);
        let share = if is_part { 0.2 + 0.6 * stage.chance.unit() } else { 1.0 };
        let fen = ((self.original_fen as f64 * share) as i64).max(1);
        let is_ticket = trade == Trade::Travel;
        let reason = if is_ticket {
            "cancelled"
        } else {
            stage.chance.weigh(&[
                ("goods_returned", 0.62),
                ("not_received", 0.15),
                ("duplicate", 0.08),
                ("goodwill", 0.15),
            ])
        };
        let by = stage.chance.weigh(&[("merchant", 0.7), ("user", 0.3)]);
        let delay_ms = stage.chance.log_normal(26.0 * HOUR_MS as f64, 0.9) as i64;
        let at_ms = (stage.now_ms + delay_ms).min(leave_ms + 4 * DAY_MS);
        stage.spawn(at_ms, Box::new(Refund { fen, reason, by, ..self }));
    }
}

impl Actor for Refund {
    fn step(&mut self, stage: &mut Stage<'_>) -> Option<i64> {
        let account = stage.accounts.get(self.account)?;
        let device = account.device;
        let network =
            stage.ground.atlas.mobile(device.sim_country, mix(self.account, self.payment));
        let session = stage.session("biometric", "push_notice");
        let bearing = Bearing { device, network, place: None, story: self.story };
        let who = super::who(self.account, &bearing, &session);
        let act = Act::Refund {
            payment: self.payment,
            original_fen: self.original_fen,
            fen: self.fen,
            reason: self.reason,
            to: "original",
            by: self.by,
            card: self.card.as_ref(),
            merchant: Some(&self.merchant),
        };
        stage.attempt(&who, &act);
        None
    }
}
