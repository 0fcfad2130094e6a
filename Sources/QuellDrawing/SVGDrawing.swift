/// A drawing of rectangles, lines and text, as one SVG document.
///
/// Lengths are in pixels from the upper left corner.
public struct SVGDrawing: Sendable {
  /// Where a text stands to its point.
  public enum Anchor: String, Sendable {
    case start, middle, end
  }

  /// Width and height.
  public let size: (width: Double, height: Double)
  private var elements: [String] = []

  /// An empty drawing on white.
  ///
  /// - Parameter title: What readers of a screen are told that it is.
  public init(width: Double, height: Double, title: String) {
    size = (width, height)
    elements.append("<title>\(SVGDrawing.escaped(title))</title>")
    rectangle(x: 0, y: 0, width: width, height: height, fill: "#ffffff")
  }

  /// A filled rectangle; `hint` appears where a pointer rests on it.
  public mutating func rectangle(x: Double, y: Double, width: Double, height: Double, fill: String, hint: String? = nil) {
    add(
      "rect",
      "x=\"\(SVGDrawing.text(x))\" y=\"\(SVGDrawing.text(y))\" width=\"\(SVGDrawing.text(width))\" "
        + "height=\"\(SVGDrawing.text(height))\" fill=\"\(fill)\"", hint)
  }

  /// A straight line.
  public mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double), color: String, width: Double = 1) {
    path([start, end], color: color, width: width)
  }

  /// Straight lines from point to point, in dashes of a length where one is given.
  public mutating func path(_ points: [(x: Double, y: Double)], color: String, width: Double = 1, dash: Double? = nil) {
    let dashes = dash.map { " stroke-dasharray=\"\(SVGDrawing.text($0))\"" } ?? ""
    elements.append(
      "<polyline points=\"\(SVGDrawing.corners(points))\" fill=\"none\" stroke=\"\(color)\" "
        + "stroke-width=\"\(SVGDrawing.text(width))\"\(dashes)/>")
  }

  /// A circle; `hint` appears where a pointer rests on it.
  public mutating func circle(x: Double, y: Double, radius: Double, fill: String, stroke: String, hint: String? = nil) {
    add(
      "circle",
      "cx=\"\(SVGDrawing.text(x))\" cy=\"\(SVGDrawing.text(y))\" r=\"\(SVGDrawing.text(radius))\" fill=\"\(fill)\" stroke=\"\(stroke)\"",
      hint)
  }

  /// A shape with straight sides; `hint` appears where a pointer rests on it.
  public mutating func polygon(_ corners: [(x: Double, y: Double)], fill: String, stroke: String, hint: String? = nil) {
    add("polygon", "points=\"\(SVGDrawing.corners(corners))\" fill=\"\(fill)\" stroke=\"\(stroke)\"", hint)
  }

  private mutating func add(_ name: String, _ attributes: String, _ hint: String?) {
    let shape = "<\(name) \(attributes)"
    elements.append(hint.map { shape + "><title>\(SVGDrawing.escaped($0))</title></\(name)>" } ?? shape + "/>")
  }

  private static func corners(_ points: [(x: Double, y: Double)]) -> String {
    points.map { "\(text($0.x)),\(text($0.y))" }.joined(separator: " ")
  }

  /// A line of text.
  public mutating func text(
    _ text: String, x: Double, y: Double, size: Double = 12, anchor: Anchor = .start, color: String = "#222222", bold: Bool = false
  ) {
    elements.append(
      "<text x=\"\(SVGDrawing.text(x))\" y=\"\(SVGDrawing.text(y))\" font-size=\"\(SVGDrawing.text(size))\" "
        + "text-anchor=\"\(anchor.rawValue)\" fill=\"\(color)\"\(bold ? " font-weight=\"bold\"" : "")>\(SVGDrawing.escaped(text))</text>")
  }

  /// The document.
  public var document: String {
    let (width, height) = (SVGDrawing.text(size.width), SVGDrawing.text(size.height))
    let head =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" "
      + "font-family=\"Helvetica, Arial, sans-serif\" role=\"img\">"
    return ([head] + elements + ["</svg>", ""]).joined(separator: "\n")
  }

  /// A length with at most two decimals.
  static func text(_ length: Double) -> String {
    let hundredths = (length * 100).rounded()
    guard hundredths.isFinite, abs(hundredths) < 1e15 else { return "0" }
    let whole = Int(hundredths)
    if whole % 100 == 0 { return "\(whole / 100)" }
    let sign = whole < 0 ? "-" : ""
    let rest = "\(abs(whole) % 100)"
    return "\(sign)\(abs(whole) / 100).\(rest.count == 1 ? "0" : "")\(rest.hasSuffix("0") ? String(rest.dropLast()) : rest)"
  }

  /// Text that no part of is taken for markup.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }
}
