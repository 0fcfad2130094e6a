/// Colours that people with any kind of colour vision can tell apart (Okabe and Ito, Color Universal Design, 2008), the strongest
/// first; grey where there are no more.
public enum Palette {
  private static let colors = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#f0e442", "#000000"]

  /// The colour of the `index`-th of several things.
  public static func color(_ index: Int) -> String { index < colors.count ? colors[index] : "#999999" }
}
