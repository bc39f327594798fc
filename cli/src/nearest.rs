//! The name that was meant.

/// The known name nearest to a misspelt one, as a question, and all that there are.
pub(crate) fn hint(written: &str, known: &[&str]) -> String {
    format!(
        "{}the keys are {}",
        question(written, known),
        known.join(", ")
    )
}

/// The known name nearest to a misspelt one, as a question; nothing where none is near.
pub(crate) fn question(written: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(written, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 3);
    match nearest {
        Some((_, known)) => format!("did you mean {known:?}? "),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_asked_for() {
        let known = ["seed", "schedules"];
        assert_eq!(
            hint("sede", &known),
            "did you mean \"seed\"? the keys are seed, schedules"
        );
        assert_eq!(hint("colour", &known), "the keys are seed, schedules");
    }
}
