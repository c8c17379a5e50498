//! How texts are folded, so that those that look alike compare equal. Both databases compare the results.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;

/// Converts text to lower case for case-insensitive order and comparison.
///
/// Folds each character independently, so that a substring folds the same as within the whole text:
/// a final sigma equals any other sigma. `ß` is not changed.
pub fn lower_case(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(text.len());
    folded.extend(letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }));
    folded
}

/// The text in Unicode normalization form C.
pub(super) fn nfc(text: &str) -> String {
    text.nfc().collect()
}

/// Folds text for search, by the steps of the mapping `NFKC_Casefold`: `é` equals `e` with an accent, `Ａ`
/// equals `a`, `ﬁ` equals `fi`, `ß` equals `ss`, and invisible characters are left out.
///
/// The result can be eleven times as long in bytes.
pub(super) fn fold_search(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let visible = text.chars().filter(|c| !is_invisible(*c));
    visible.nfd().default_case_fold().nfkd().default_case_fold().nfkc().collect()
}

/// Whether the character has the property `Default_Ignorable_Code_Point`: it shows nothing itself. The
/// ranges include code points that are reserved for such characters.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use unicode_security::GeneralSecurityProfile;
    use unicode_security::general_security_profile::IdentifierType;

    use super::*;

    #[test]
    fn lower_case_goes_letter_by_letter_beyond_ascii() {
        assert_eq!(lower_case("ÉTÉ"), "été");
        assert_eq!(lower_case("Straße"), "straße");
        assert_eq!(lower_case("ΟΔΟΣ"), lower_case("οδος"));
        assert!(lower_case("ΟΔΟΣΑ").contains(&lower_case("ΟΔΟΣ")));
    }

    #[test]
    fn searches_fold_what_looks_alike() {
        for (text, folded) in [
            ("ÉTÉ", "été"),
            ("E\u{301}te\u{301}", "été"),
            ("ＡＢ１", "ab1"),
            ("ﾀﾜｰ", "タワー"),
            ("ﬁne", "fine"),
            ("STRAẞE straße", "strasse strasse"),
            ("ΟΔΟΣ", "οδοσ"),
            ("\u{212a}m²", "km2"),
            ("soft\u{ad}ware", "software"),
            ("👩\u{200d}👧", "👩👧"),
            ("a\r\n\tB", "a\r\n\tb"),
        ] {
            assert_eq!(fold_search(text), folded, "{text:?}");
        }
    }

    /// A row that is folded again must not change.
    #[test]
    fn folding_is_stable_for_every_character() {
        for c in ('\0'..='\u{2ffff}').map(String::from) {
            let folded = fold_search(&c);
            assert_eq!(fold_search(&folded), folded, "{c:?}");
            assert!(folded.len() <= c.len() * 11, "{c:?}");
        }
    }

    #[test]
    fn invisible_characters_include_those_of_the_security_tables() {
        let ignorable = |c: &char| c.identifier_type() == Some(IdentifierType::Default_Ignorable);
        let missing: Vec<char> =
            ('\0'..=char::MAX).filter(ignorable).filter(|c| !is_invisible(*c)).collect();
        assert_eq!(missing, []);
    }
}
