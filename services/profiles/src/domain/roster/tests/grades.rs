use super::super::grades::{ClassName, Grade, class, grade};

#[test]
fn a_grade_is_read_however_it_is_called() {
    for (texts, number) in [
        (["一年级", "1", "小学一年级", "小一"], 1),
        (["六年级", "6年级", "小学六年级", "小六"], 6),
        (["七年级", "初一", "初中一年级", "初中七年级"], 7),
        (["九年级", "初三", "初3", "9"], 9),
        (["高一", "十年级", "高中一年级", "10年级"], 10),
        (["高三", "十二年级", "高中十二年级", "12"], 12),
    ] {
        for text in texts {
            assert_eq!(grade(text), Some(Grade::Number(number)), "{text}");
        }
    }
    assert_eq!(grade("2024级"), Some(Grade::Cohort(2024)));
    for text in [
        "",
        "0",
        "13",
        "十三年级",
        "初四",
        "小七",
        "高四",
        "初中三十",
        "大班",
        "年级",
        "999级",
        "幼儿园",
        "初",
        "一二",
    ] {
        assert_eq!(grade(text), None, "{text}");
    }
}

#[test]
fn a_class_is_read_however_it_is_called() {
    for text in ["3班", "3", "(3)班", "03", "三班", "三", "3 班", "(三)班", "[3]班"] {
        assert_eq!(class(text), Some(ClassName { grade: None, number: 3 }), "{text}");
    }
    for text in [
        "初一3班",
        "初一(3)班",
        "七(3)班",
        "7(3)班",
        "七年级3班",
        "七年级三班",
        "七3班",
        "703班",
        "0703",
        "7-3",
        "初一 3班",
        "初一三班",
        "七三班",
    ] {
        assert_eq!(class(text), Some(ClassName { grade: Some(Grade::Number(7)), number: 3 }), "{text}");
    }
    for (text, named, number) in [
        ("2024级3班", Some(Grade::Cohort(2024)), 3),
        ("七十班", Some(Grade::Number(7)), 10),
        ("七(十)班", Some(Grade::Number(7)), 10),
        ("十二班", None, 12),
        ("二十一班", None, 21),
        ("高一(12)班", Some(Grade::Number(10)), 12),
        ("1203班", Some(Grade::Number(12)), 3),
        ("99", None, 99),
    ] {
        assert_eq!(class(text), Some(ClassName { grade: named, number }), "{text}");
    }
    for text in
        ["", "班", "0", "实验班", "A班", "100班", "3.5.7", "初一", "初一0班", "5000", "三班二", "一二三"]
    {
        assert_eq!(class(text), None, "{text}");
    }
}
