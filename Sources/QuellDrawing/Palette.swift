/// Colours that people with any kind of colour vision can tell apart.
public enum Palette {
  /// Okabe and Ito, Color Universal Design, 2008, the strongest first.
  private static let colors = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#000000"]

  /// Red, green and blue of 0, a quarter and so on: one hue that darkens evenly (Brewer, ColorBrewer 2.0, "Blues").
  private static let shades: [(Double, Double, Double)] = [
    (247, 251, 255), (198, 219, 239), (107, 174, 214), (33, 113, 181), (8, 48, 107),
  ]

  /// The colour of the `index`-th of several things; grey where there are no more.
  public static func color(_ index: Int) -> String { index < colors.count ? colors[index] : "#999999" }

  /// The colour of a fraction: the greater, the darker.
  static func shade(_ fraction: Double) -> String {
    let place = min(max(fraction, 0), 1) * Double(shades.count - 1)
    let lower = min(Int(place), shades.count - 2)
    let (low, high, share) = (shades[lower], shades[lower + 1], place - Double(lower))
    func digits(_ low: Double, _ high: Double) -> String {
      let number = Int((low + share * (high - low)).rounded())
      return (number < 16 ? "0" : "") + String(number, radix: 16)
    }
    return "#" + digits(low.0, high.0) + digits(low.1, high.1) + digits(low.2, high.2)
  }
}
