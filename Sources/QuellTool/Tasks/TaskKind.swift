import ArgumentParser

/// A zero-shot task that `quell eval` knows.
enum TaskKind: String, CaseIterable, ExpressibleByArgument {
  /// The last word of a passage [Paperno et al., ACL 2016].
  case lambada
  /// What works in the physical world [Bisk et al., AAAI 2020].
  case piqa
  /// How a scene goes on [Zellers et al., ACL 2019].
  case hellaswag
  /// Whom a pronoun means [Sakaguchi et al., AAAI 2020].
  case winogrande
  /// Questions of science at school, the easy and the challenging ones [Clark et al., 2018].
  case arc

  /// Whether answers are also compared by their log-probability for each character.
  var normalizes: Bool { self != .lambada && self != .winogrande }
}
