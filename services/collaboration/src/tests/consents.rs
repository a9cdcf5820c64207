//! Consents.

use super::*;
use pb::consent_service_client::ConsentServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn form(of: &str, purpose: pb::ConsentPurpose) -> pb::PublishConsentFormRequest {
    pb::PublishConsentFormRequest {
        consent_form: Some(pb::ConsentForm {
            school: of.to_owned(),
            purpose: purpose.into(),
            title: "知情同意书".to_owned(),
            text: "测评的目的、内容与保密……".to_owned(),
            ..pb::ConsentForm::default()
        }),
        request_id: String::new(),
    }
}

fn decide(form: &str, decision: pb::ConsentState) -> pb::DecideConsentRequest {
    pb::DecideConsentRequest {
        parent: student(PUPIL),
        form: form.to_owned(),
        decision: decision.into(),
        request_id: String::new(),
    }
}

async fn states(world: &World) -> Vec<(i32, pb::ConsentState)> {
    let request = pb::ListConsentsRequest { parent: student(PUPIL), ..pb::ListConsentsRequest::default() };
    let listed =
        ConsentServiceClient::new(world.homeroom()).list_consents(request).await.unwrap().into_inner();
    listed.consents.iter().map(|consent| (consent.version, consent.state())).collect()
}

#[tokio::test]
async fn a_consent_is_given_on_the_current_version_and_superseded_by_the_next() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut principal = ConsentServiceClient::new(world.principal());
        let mut mother = ConsentServiceClient::new(world.mother());
        let screening = form(&school(SCHOOL), pb::ConsentPurpose::Screening);
        let first = principal.publish_consent_form(screening.clone()).await.unwrap().into_inner();
        let given =
            mother.decide_consent(decide(&first.name, pb::ConsentState::Given)).await.unwrap().into_inner();
        assert_eq!((given.version, given.guardian.as_str()), (1, &*account(MOTHER)));
        let second = principal.publish_consent_form(screening).await.unwrap().into_inner();
        assert_eq!(second.version, 2);
        let old = mother.decide_consent(decide(&first.name, pb::ConsentState::Given)).await.unwrap_err();
        assert_eq!(violations(&old), ["form FORM_SUPERSEDED"]);
        mother.decide_consent(decide(&second.name, pb::ConsentState::Refused)).await.unwrap();
        assert_eq!(
            states(&world).await,
            [(2, pb::ConsentState::Refused), (1, pb::ConsentState::Superseded)],
            "nothing is written over"
        );
    })
    .await;
}

#[tokio::test]
async fn a_consent_is_withdrawn_by_who_gave_it_and_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let published = ConsentServiceClient::new(world.county("county_centre"))
            .publish_consent_form(form("", pb::ConsentPurpose::Referral))
            .await
            .unwrap()
            .into_inner();
        let mut mother = ConsentServiceClient::new(world.mother());
        let given = mother
            .decide_consent(decide(&published.name, pb::ConsentState::Given))
            .await
            .unwrap()
            .into_inner();
        let withdraw = pb::WithdrawConsentRequest {
            name: given.name,
            etag: given.etag.clone(),
            request_id: String::new(),
        };
        let father = ConsentServiceClient::new(world.father()).withdraw_consent(withdraw.clone()).await;
        assert_eq!(father.unwrap_err().code(), Code::NotFound);
        let done = mother.withdraw_consent(withdraw.clone()).await.unwrap().into_inner();
        assert!(done.state() == pb::ConsentState::Withdrawn && done.end_time.is_some());
        assert_eq!(reason(&mother.withdraw_consent(withdraw.clone()).await.unwrap_err()), "STALE_ETAG");
        let again = pb::WithdrawConsentRequest { etag: String::new(), ..withdraw };
        assert_eq!(reason(&mother.withdraw_consent(again).await.unwrap_err()), "CONSENT_NOT_GIVEN");
        assert_eq!(states(&world).await, [(1, pb::ConsentState::Withdrawn)]);
    })
    .await;
}

#[tokio::test]
async fn guardians_are_asked_for_the_forms_of_their_school_and_of_the_county() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut principal = ConsentServiceClient::new(world.principal());
        let own = principal
            .publish_consent_form(form(&school(SCHOOL), pb::ConsentPurpose::Screening))
            .await
            .unwrap();
        let other = ConsentServiceClient::new(world.stranger())
            .publish_consent_form(form(&school(OTHER), pb::ConsentPurpose::Screening))
            .await
            .unwrap()
            .into_inner();
        let mut county = ConsentServiceClient::new(world.county("county_centre"));
        let shared = county.publish_consent_form(form("", pb::ConsentPurpose::DataProcessing)).await.unwrap();
        let mut mother = ConsentServiceClient::new(world.mother());
        let request = pb::ListConsentFormsRequest { parent: student(PUPIL) };
        let forms = mother.list_consent_forms(request.clone()).await.unwrap().into_inner().consent_forms;
        assert_eq!(forms, [shared.into_inner(), own.into_inner()]);
        let foreign = mother.decide_consent(decide(&other.name, pb::ConsentState::Given)).await.unwrap_err();
        assert_eq!(violations(&foreign), ["form FORM_UNKNOWN"]);
        let nothing = mother.decide_consent(decide("", pb::ConsentState::Unspecified)).await.unwrap_err();
        assert_eq!(violations(&nothing), ["form REQUIRED", "decision REQUIRED"]);
        let stranger = ConsentServiceClient::new(world.stranger()).list_consent_forms(request).await;
        assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
        let county_form = principal.publish_consent_form(form("", pb::ConsentPurpose::Screening)).await;
        assert_eq!(county_form.unwrap_err().code(), Code::NotFound, "the county's forms are the county's");
    })
    .await;
}
