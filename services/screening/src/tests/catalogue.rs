use super::world::*;
use serde_json::json;
use tonic::Code;
use xinqiao_proto::screening::v1 as pb;

#[tokio::test]
async fn the_catalogue_holds_what_the_platform_ships() {
    both(|world| async move {
        let mut client = world.instruments(&of_class("homeroom", C11));
        let list = client.list_instruments(pb::ListInstrumentsRequest::default()).await.unwrap().into_inner();
        let names: Vec<&str> = list.instruments.iter().map(|instrument| instrument.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "instruments/asq@1",
                "instruments/ces-dc@1",
                "instruments/dsrs-c@1",
                "instruments/gad-7@1",
                "instruments/mht@1",
                "instruments/mssmhs@1",
                "instruments/peer-observation@1",
                "instruments/phq-4@1",
                "instruments/phq-9@1",
                "instruments/teacher-observation@1",
                "instruments/who-5@1",
            ]
        );
        let get = pb::GetInstrumentRequest { name: "instruments/dsrs-c@1".to_owned() };
        let dsrs = client.get_instrument(get).await.unwrap().into_inner();
        assert_eq!((dsrs.items.len(), dsrs.scales[0].reversed_items.len()), (18, 10));
        assert_eq!((dsrs.critical_items[0].link_id.as_str(), dsrs.wording()), ("10", pb::Wording::Project));
        let page = pb::ListInstrumentsRequest { page_size: 4, ..Default::default() };
        let page = client.list_instruments(page).await.unwrap().into_inner();
        let next = pb::ListInstrumentsRequest { page_size: 4, page_token: page.next_page_token };
        let next = client.list_instruments(next).await.unwrap().into_inner();
        assert_eq!(next.instruments[0].name, "instruments/mht@1");
        for unknown in ["instruments/sdq", "instruments/phq-9@2"] {
            let get = pb::GetInstrumentRequest { name: unknown.to_owned() };
            assert_eq!(client.get_instrument(get).await.unwrap_err().code(), Code::NotFound);
        }
        let pupil =
            world.instruments(&pupil(101)).list_instruments(pb::ListInstrumentsRequest::default()).await;
        assert_eq!(pupil.unwrap_err().code(), Code::PermissionDenied, "the key is not for pupils");
    })
    .await;
}

fn official(items: u32) -> String {
    let item = |number: u32| {
        json!({
            "linkId": number.to_string(), "type": "choice", "text": format!("官方第{number}题"),
            "answerOption": (0..=3).map(|value| json!({"valueCoding": {"code": value.to_string(), "display": "x"}})).collect::<Vec<_>>(),
        })
    };
    json!({"resourceType": "Questionnaire", "title": "官方版", "item": (1..=items).map(item).collect::<Vec<_>>()}).to_string()
}

#[tokio::test]
async fn an_official_wording_is_a_new_version_and_running_campaigns_keep_theirs() {
    both(|world| async move {
        let campaign = world.opened("gad-7", &[C11]).await;
        let import = |text: String| pb::ImportWordingRequest {
            name: "instruments/gad-7".to_owned(),
            questionnaire_json: text,
            licence: "授权编号 2026-17，县教育局，至 2030 年".to_owned(),
            request_id: String::new(),
        };
        let mut centre = world.instruments(&county("county_centre"));
        let refused = centre.import_wording(import(official(6))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let found = violations(&refused);
        assert!(
            found.len() >= 2 && found.iter().all(|(_, reason)| reason == "INSTRUMENT_DEFECT"),
            "{found:?}"
        );
        for broken in ["{}", "[", "null"] {
            assert_eq!(
                centre.import_wording(import(broken.to_owned())).await.unwrap_err().code(),
                Code::InvalidArgument
            );
        }
        let imported = centre.import_wording(import(official(7))).await.unwrap().into_inner();
        assert_eq!(
            (imported.name.as_str(), imported.wording()),
            ("instruments/gad-7@1001", pb::Wording::Official)
        );
        assert_eq!((imported.items[0].text.as_str(), imported.title.as_str()), ("官方第1题", "官方版"));
        assert_eq!(imported.scales[0].bands.len(), 4, "the key is kept");
        let again = centre.import_wording(import(official(7))).await.unwrap().into_inner();
        assert_eq!(again.name, "instruments/gad-7@1002");

        let newest = pb::GetInstrumentRequest { name: "instruments/gad-7".to_owned() };
        assert_eq!(centre.get_instrument(newest).await.unwrap().into_inner().version, 1002);
        let created = world.create(world.plan("gad-7", &[C11])).await.unwrap();
        assert_eq!(created.instrument, "instruments/gad-7@1002");
        let get = pb::GetCampaignRequest { name: campaign };
        let running = world.campaigns(&psychologist(1)).get_campaign(get).await.unwrap().into_inner();
        assert_eq!(running.instrument, "instruments/gad-7@1");
        let refused =
            world.instruments(&psychologist(1)).import_wording(import(official(7))).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    })
    .await;
}
