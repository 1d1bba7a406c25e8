import "./style.css";
document.title = "x";
