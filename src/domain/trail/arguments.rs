//! Container arguments without the secrets that people put into them.

use std::borrow::Cow;

use crate::config::public::names_secret;

/// What stands for a value that was left out.
pub(super) const HIDDEN: &str = "****";

/// Container arguments (a text, or a list of words) with the values of environment variables, of options named like a
/// secret, and of passwords in addresses left out. What a value was can't be told from the result, not even how long.
pub fn without_secrets(arguments: &str) -> String {
    let mut shown = Vec::new();
    let mut next = Next::Plain;
    for word in words(arguments) {
        let (text, then) = match next {
            Next::Variable => (hide_variable(&word), Next::Plain),
            Next::Secret => (HIDDEN.to_owned(), Next::Plain),
            Next::Plain => option(&word),
        };
        next = then;
        shown.push(quoted(&text).into_owned());
    }
    shown.join(" ")
}

/// What the next word is.
#[derive(Clone, Copy)]
enum Next {
    Plain,
    Variable,
    Secret,
}

fn option(word: &str) -> (String, Next) {
    match word {
        "-e" | "--env" => return (word.to_owned(), Next::Variable),
        _ => {}
    }
    if let Some(variable) = word.strip_prefix("--env=") {
        return (format!("--env={}", hide_variable(variable)), Next::Plain);
    }
    if let Some(variable) = word.strip_prefix("-e").filter(|rest| rest.contains('=')) {
        return (format!("-e{}", hide_variable(variable)), Next::Plain);
    }
    match word.split_once('=') {
        Some((name, _)) if names_secret(name.trim_start_matches('-')) => {
            (format!("{name}={HIDDEN}"), Next::Plain)
        }
        None if word.starts_with("--") && names_secret(word.trim_start_matches('-')) => {
            (word.to_owned(), Next::Secret)
        }
        _ => (hide_password(word), Next::Plain),
    }
}

/// A variable keeps its name. `NAME` alone takes its value from the agent and holds none.
fn hide_variable(variable: &str) -> String {
    match variable.split_once('=') {
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None => variable.to_owned(),
    }
}

/// `https://user:password@host` without the password.
pub fn hide_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:{HIDDEN}@{host}{path}")
        }
        _ => text.to_owned(),
    }
}

/// Words as a shell would split them: quotes hold words together. A quote that is never closed reaches to the end.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside, mut begun) = (Vec::new(), String::new(), None, false);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (c, inside) {
            ('\\', None | Some('"')) => {
                word.extend(characters.next());
                begun = true;
            }
            (quote, Some(open)) if quote == open => inside = None,
            (_, Some(_)) => word.push(c),
            ('"' | '\'', None) => {
                inside = Some(c);
                begun = true;
            }
            (space, None) if space.is_whitespace() => {
                if begun {
                    words.push(std::mem::take(&mut word));
                    begun = false;
                }
            }
            _ => {
                word.push(c);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

fn quoted(word: &str) -> Cow<'_, str> {
    match word.is_empty() || word.chars().any(|c| c.is_whitespace() || c == '"' || c == '\'') {
        true => Cow::Owned(format!("'{}'", word.replace('\'', "'\\''"))),
        false => Cow::Borrowed(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_variables_and_secrets_go_names_stay() {
        for (given, shown) in [
            ("-e AWS_SECRET=abc --gpus all", "-e AWS_SECRET=**** --gpus all"),
            ("--env A=b=c -eX=y -e HOME", "--env A=**** -eX=**** -e HOME"),
            ("--env=TOKEN=t --ipc=host", "--env=TOKEN=**** --ipc=host"),
            ("-e \"GREETING=hello world secret\" -v /a:/b", "-e GREETING=**** -v /a:/b"),
            ("--registry-password hunter2 -p 80:80", "--registry-password **** -p 80:80"),
            ("--api-token=abc", "--api-token=****"),
            ("--proxy http://ann:pw@proxy:8080/x", "--proxy http://ann:****@proxy:8080/x"),
            ("'-e' 'A=never closed \"quote", "-e A=****"),
            ("--label 'two words'", "--label 'two words'"),
            ("", ""),
        ] {
            assert_eq!(without_secrets(given), shown, "{given}");
        }
    }
}
