//! How a fraud is usually carried out, by kind of event: percent of the frauds of each vector.
//!
//! Counted in the worlds that the essay of [`super`] names, mixed with 40 frauds of what is believed
//! without a world, which speaks alone where the world has no fraud; in halves of a percent. A half
//! is the least, as no vector is impossible, and 88 the most, as the posterior holds none above 90.

use features::field::EventType;

use super::COUNT;
use crate::situation::{Funding, Situation};

type Percent = [f64; COUNT];

const EVEN: Percent = [100.0 / COUNT as f64; COUNT];
#[rustfmt::skip]
mod of {
    use super::Percent;

    //                                            V1    V2    V3    V4    V5    V6    V7    V8    V9
    pub(super) const ACCOUNT_OPEN: Percent    = [71.0,  0.5,  0.5,  0.5,  0.5,  0.5,  3.0,  9.0, 14.5];
    pub(super) const LOGIN: Percent           = [ 7.0, 12.0,  3.0,  0.5,  0.5,  0.5,  0.5,  6.5, 69.5];
    pub(super) const IDENTITY: Percent        = [ 9.0,  2.5,  0.5,  0.5,  0.5,  0.5, 62.0, 17.5,  7.0];
    pub(super) const PROFILE_CHANGE: Percent  = [ 0.5, 44.5, 25.5, 20.0,  5.0,  2.0,  0.5,  0.5,  1.5];
    pub(super) const CARD_LINK: Percent       = [44.5,  0.5,  0.5,  0.5,  0.5,  0.5,  0.5,  1.5, 51.0];
    pub(super) const PAID_BY_CARD: Percent    = [60.5,  8.0,  5.5,  2.0,  1.5,  3.5,  0.5, 18.0,  0.5];
    pub(super) const PASS: Percent            = [88.0,  5.0,  0.5,  0.5,  0.5,  0.5,  4.0,  0.5,  0.5];
    pub(super) const PAID_OTHERWISE: Percent  = [ 0.5, 41.5, 10.0,  7.0, 12.0, 13.0,  8.0,  5.0,  3.0];
    pub(super) const THIRD_PARTY: Percent     = [ 3.0,  0.5,  0.5,  0.5,  0.5, 23.5, 70.0,  1.0,  0.5];
    pub(super) const TRANSFER: Percent        = [ 0.5,  2.0,  0.5,  3.5,  0.5, 61.0, 31.0,  0.5,  0.5];
    pub(super) const WITHDRAWAL: Percent      = [ 0.5,  7.5,  2.5,  3.5,  2.0,  8.0, 75.0,  0.5,  0.5];
    pub(super) const CLAIM: Percent           = [ 0.5,  0.5,  0.5,  0.5,  0.5,  0.5, 70.0,  7.5, 19.5];
    pub(super) const REFUND: Percent          = [ 0.5,  5.5,  0.5,  0.5,  0.5,  0.5,  7.0, 83.0,  2.0];
    pub(super) const PROMOTION: Percent       = [ 0.5,  0.5,  0.5,  0.5,  0.5,  0.5,  2.0, 70.5, 24.5];
}

/// The weights for this kind of event. They sum to a hundred.
pub(super) fn weights(situation: &Situation) -> Percent {
    let Some(event) = situation.event else { return EVEN };
    match event {
        EventType::AccountOpen => of::ACCOUNT_OPEN,
        EventType::Login => of::LOGIN,
        EventType::IdentityVerification => of::IDENTITY,
        EventType::ProfileChange => of::PROFILE_CHANGE,
        EventType::CardLink | EventType::CardUnlink => of::CARD_LINK,
        EventType::Payment => match situation.funding {
            Funding::Card | Funding::Unknown => of::PAID_BY_CARD,
            Funding::TourPass => of::PASS,
            Funding::Other => of::PAID_OTHERWISE,
        },
        EventType::TourPassTopup | EventType::TourPassClose => of::PASS,
        EventType::ThirdPartyTopup => of::THIRD_PARTY,
        EventType::Transfer => of::TRANSFER,
        EventType::RedEnvelopeSend | EventType::Withdrawal => of::WITHDRAWAL,
        EventType::RedEnvelopeClaim => of::CLAIM,
        EventType::Refund => of::REFUND,
        EventType::PromoRedemption => of::PROMOTION,
        EventType::AuthResult
        | EventType::ChallengeIssued
        | EventType::ChallengeResult
        | EventType::DeviceSignal
        | EventType::SimSignal
        | EventType::MerchantUpdate
        | EventType::ListUpdate
        | EventType::Label
        | EventType::Dispute
        | EventType::ReviewOutcome
        | EventType::FxRate
        | EventType::IssuerHealth => EVEN,
    }
}
