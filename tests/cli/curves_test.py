from PIL import Image


def test_curves_are_drawn(run, tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,loss,recall\n1,2.5,\n2,1.5,40\n")
    plot = tmp_path / "new" / "curves.png"
    code, out, err = run("curves", tmp_path, "--output", plot)
    assert (code, out, err) == (0, f"Curves: {plot}\n", "")
    with Image.open(plot) as drawn:
        assert drawn.width > drawn.height
    for options, named in (
        ([tmp_path / "none"], "metrics.csv"),
        ([tmp_path, "--metric", "score"], "['loss', 'recall']"),
        ([tmp_path, "--output", "a.txt"], "a.txt"),
        ([], "RUN_DIR"),
    ):
        code, out, err = run("curves", *options)
        assert code == 2 and out == "" and named in err
        assert len(err.splitlines()) == 1
