//! The macros that keep a setting's name, type, default and documentation in one place.

/// A section: a struct whose every field is a setting with its default. `name["key"]` gives a field another key than its name.
macro_rules! section {
    ($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* $field:ident $([$key:literal])? : $type:ty = $default:expr),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::config::read::Setting for $name {
            fn apply(&mut self, value: &$crate::config::hocon::Value, at: &str, reader: &mut $crate::config::read::Reader) {
                const KEYS: &[&str] = &[$($crate::config::section::key_of!($field $(, $key)?)),*];
                if value.is_null() {
                    return;
                }
                let Some(object) = value.as_object() else {
                    reader.wrong_type(at, value, "a section in braces");
                    return;
                };
                for (key, value) in object.iter() {
                    match key {
                        $($crate::config::section::key_of!($field $(, $key)?) => {
                            self.$field.apply(value, &$crate::config::read::join(at, key), reader);
                        })*
                        _ => reader.unknown(at, key, value, KEYS),
                    }
                }
            }

            fn tree(&self) -> Option<serde_json::Value> {
                let mut members = serde_json::Map::new();
                $(if let Some(tree) = $crate::config::read::Setting::tree(&self.$field) {
                    members.insert($crate::config::section::key_of!($field $(, $key)?).to_owned(), tree);
                })*
                Some(serde_json::Value::Object(members))
            }
        }
    };
}

macro_rules! key_of {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident, $key:literal) => {
        $key
    };
}

/// A setting with a fixed set of words.
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// The word in configuration files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl $crate::config::read::Leaf for $name {
            fn read(
                value: &$crate::config::hocon::Value, _: &str, _: &mut $crate::config::read::Reader,
            ) -> Result<Self, $crate::config::read::Wrong> {
                match value.as_text().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
                    $(Some($word) => Ok(Self::$variant),)*
                    _ => Err($crate::config::read::Wrong::Wanted(format!("one of {}", [$($word),*].join(", ")))),
                }
            }

            fn tree(&self) -> Option<serde_json::Value> {
                Some(serde_json::Value::from(self.as_str()))
            }
        }
    };
}

pub(super) use {choice, key_of, section};
