/// The profiles that come with Quell, as files that a user could have written.
public enum ShippedDevices {
  /// Names and texts.
  static let all = [
    ("seneca-poster", senecaPoster), ("seneca", seneca), ("dense-edge", denseEdge), ("loihi-like", loihiLike),
  ]

  /// What they are called.
  public static var names: [String] { all.map(\.0) }

  /// The text of a profile; nil where none has that name.
  public static func text(named name: String) -> [UInt8]? { all.first { $0.0 == name }.map { Array(($0.1 + "\n").utf8) } }
}
