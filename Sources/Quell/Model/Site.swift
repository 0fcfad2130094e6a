/// The input of one or more linear operations: where a vector becomes events.
struct Site {
  let name: UnsafeRawBufferPointer
  let kind: UnsafeRawBufferPointer
  /// The threshold that a fresh session begins with.
  let threshold: Float
  /// Length of the input vector.
  var inputs = 0
  /// Outputs of all linear operations that read the site's events: the multiply-accumulates that one event costs.
  var outputs = 0

  /// Whether the site feeds the vocabulary head, which the figures of the literature leave out.
  var isHead: Bool { kind.equals("head") }
}
